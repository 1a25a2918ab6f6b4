// Nothing flows back: no file imports one that imports it, be it for a type.
// Left out are those that hold their parts and are known to them: a machine with its maps and programs, a verification with the state of its passes.
// What may go between them and their parts says .dependency-cruiser.cjs.
const { options } = require("./.dependency-cruiser.cjs");
module.exports = {
	forbidden: [{ name: "no-circles", severity: "error", comment: "move what both need to a file of its own, or pass it in", from: {}, to: { circular: true } }],
	options: { ...options, exclude: { path: ["^runtime/(machine|program|verifier/env)\\.ts$", "\\.test\\.ts$"] } },
};
