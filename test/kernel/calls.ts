/**
 * Every helper in every program type against the running kernel, with random arguments, most of which fit: what may be called where, what each
 * argument takes. Loaded only.
 *
 *     npx tsx test/kernel/calls.ts --seed=1 --trials=2 [--type=6] [--only=bpf_redirect]
 */
import { parseArgs } from "node:util";
import { readFileSync } from "node:fs";
import { encode } from "../../assembler/encode.ts";
import { BtfView } from "../../assembler/btf/view.ts";
import { helpers } from "../../assembler/spec/helpers.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import type { MapDef } from "../../runtime/image.ts";
import { kernelTypes } from "../../runtime/verifier/btf.ts";
import { contract } from "../../runtime/verifier/calls/contract.ts";
import { specOf } from "../../runtime/verifier/programs/table.ts";
import { verify } from "../../runtime/verifier/verify.ts";
import { bareImage } from "../support/image.ts";
import { generator } from "../support/random-program.ts";
import { shared } from "../support/shared.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, trials: { type: "string", default: "1" }, type: { type: "string" }, only: { type: "string" }, seconds: { type: "string", default: "100" } } });

interface Answer { readonly ok?: boolean; readonly log?: string }
interface OracleModule {
	probe(): Promise<string | null>;
	openOracle(): Promise<{ command(line: string): Promise<Answer>; load(program: Readonly<Record<string, unknown>>): Promise<Answer>; close(): Promise<void> }>;
}

const map = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number, flags = 0): MapDef => ({
	name, type, keySize, valueSize, maxEntries, flags, extra: 0n, keyTypeId: 0, valueTypeId: 0, btf: null, inner: null, initial: null, frozen: false, pinning: 0, slots: [],
});
const MAPS: readonly MapDef[] = [
	map("hash", 1, 4, 64, 4), map("array", 2, 4, 64, 1), map("readable", 2, 4, 64, 1, 128), map("writable", 2, 4, 64, 1, 256), map("progs", 3, 4, 4, 4), map("perf", 4, 4, 4, 4), map("stacks", 7, 4, 64, 4),
	map("ring", 27, 0, 0, 4096), map("socks", 15, 4, 4, 4), map("queue", 22, 0, 8, 4), map("devs", 14, 4, 4, 4), map("percpu", 6, 4, 64, 1), map("cgroups", 8, 4, 4, 4), map("xsks", 17, 4, 4, 4), map("bloom", 30, 0, 8, 4),
];
/** Program types that load without a BTF target, with some of their attach types. */
const TYPES: readonly (readonly [type: number, attach: readonly number[]])[] = [
	[1, [0]], [2, [0]], [3, [0]], [4, [0]], [5, [0]], [6, [0]], [7, [0]], [8, [0, 1]], [9, [2, 34, 12]], [10, [0]], [11, [0]], [12, [0]], [13, [3]], [14, [0]], [15, [6]], [16, [7]], [17, [0]],
	[18, [8, 9, 10, 14, 19, 29]], [19, [0]], [21, [39, 40]], [22, [17]], [23, [18]], [24, [0]], [25, [21, 22]], [30, [36]], [31, [0]], [32, [45]],
];

const file = shared("oracle/oracle.mjs");
if (file !== null) {
	const { probe, openOracle } = (await import(file)) as OracleModule;
	const why = await probe();
	if (why !== null) console.log(`skipped: ${why}`);
	else await matrix(await openOracle());
}

async function matrix(oracle: Awaited<ReturnType<OracleModule["openOracle"]>>): Promise<void> {
	const kernel = kernelTypes(new BtfView(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux"))));
	for (const [slot, m] of MAPS.entries()) await oracle.command(`map ${slot} type=${m.type} key=${m.keySize} val=${m.valueSize} max=${m.maxEntries} flags=${m.flags}`);
	const random = generator(Number(values.seed) * 31 + 7);
	const counts = { compared: 0, accepted: 0, falseAccept: 0, falseReject: 0, otherReason: 0 };
	const end = Date.now() + Number(values.seconds) * 1000;
	for (const [type, attaches] of TYPES) {
		if (values.type !== undefined && Number(values.type) !== type) continue;
		for (const attach of attaches) {
			for (const { id, name } of helpers) {
				if (values.only !== undefined && name !== values.only) continue;
				for (let trial = 0; trial < Number(values.trials) && Date.now() < end; trial++) {
					const { insns, text } = call(type, attach, id, name.replace(/^bpf_/, ""), random);
					const flags = type === 31 ? 16 : 0;
					const [answer, ours] = [await oracle.load({ type, attachType: attach, flags, insns: encode(insns) }), verify(bareImage("p", insns, { type, expectedAttachType: attach, flags, maps: MAPS }), { kernel })];
					// What is refused without a word is refused after the verifier: a program array that a program of another type uses.
					if (answer.ok === undefined || (!answer.ok && answer.log === undefined)) continue;
					counts.compared++;
					if (answer.ok) counts.accepted++;
					const said = ours.verdict === "accept" ? "" : ours.rejection.message;
					const absent = /cannot use helper|unknown func/;
					const same = (ours.verdict === "accept") === answer.ok && absent.test(said) === absent.test(answer.log ?? "");
					if (same) continue;
					if ((ours.verdict === "accept") === answer.ok) counts.otherReason++;
					else if (answer.ok) counts.falseReject++;
					else counts.falseAccept++;
					console.log(`${answer.ok ? "false-reject" : ours.verdict === "accept" ? "FALSE-ACCEPT" : "other reason"} type ${type} (${specOf(type)?.name}) attach ${attach} ${name}(${text}) kernel: ${answer.log ?? "accepts"} | ours: ${said}`);
				}
			}
		}
	}
	await oracle.close();
	console.log(`seed ${values.seed}: ${Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(", ")}`);
}

/** A program that makes ready what arguments may be, and calls. r6: context; r7: a lookup's result, checked; r8: a number; r9: packet or 0. */
function call(type: number, attach: number, id: number, name: string, random: (limit: number) => number): { readonly insns: readonly Insn[]; readonly text: string } {
	const out: Insn[] = [];
	const emit = (opcode: number, dst: number, src: number, off: number, imm: number): void => void out.push({ opcode, dst, src, off, imm });
	const wide = (dst: number, src: number, low: number, high = 0): void => {
		emit(0x18, dst, src, 0, low);
		emit(0, 0, 0, 0, high);
	};
	emit(0xbf, 6, 1, 0, 0);
	for (let off = -128; off < 0; off += 8) emit(0x7a, 10, 0, off, 0);
	const row = specOf(type)?.helper(name, attach, type === 31);
	const kinds = row ? contract(row).args : [];
	const needsLookup = random(3) === 0 || kinds.some(({ kind }) => kind === "value" || kind === "str");
	if (needsLookup && type !== 20) {
		wide(1, 1, random(2));
		emit(0xbf, 2, 10, 0, 0);
		emit(0x07, 2, 0, 0, -8);
		emit(0x85, 0, 0, 0, 1);
		emit(0x55, 0, 0, 2, 0);
		emit(0xb7, 0, 0, 0, 1);
		emit(0x95, 0, 0, 0, 0);
		emit(0xbf, 7, 0, 0, 0);
	}
	const texts: string[] = [];
	const make: Readonly<Record<string, (r: number) => string>> = {
		any: (r) => { const c = [0, 1, 4, 8, 16, 64, -1][random(7)]; emit(0xb7, r, 0, 0, c); return String(c); },
		ctx: (r) => { emit(0xbf, r, 6, 0, 0); return "ctx"; },
		stack: (r) => { const off = [-128, -64, -32, -8, -4][random(5)]; emit(0xbf, r, 10, 0, 0); emit(0x07, r, 0, 0, off); return `fp${off}`; },
		map: (r) => { const m = random(MAPS.length); wide(r, 1, m); return MAPS[m].name; },
		direct: (r) => { const m = 1 + random(3); wide(r, 2, m, random(3) === 0 ? 8 : 0); return `&${MAPS[m].name}`; },
		value: (r) => { if (!needsLookup || type === 20) return make.direct(r); emit(0xbf, r, 7, 0, 0); return "value"; },
		null: (r) => { emit(0xb7, r, 0, 0, 0); return "0"; },
		size: (r) => { const c = [0, 1, 4, 8, 16, 32, 64, 65][random(8)]; emit(0xb7, r, 0, 0, c); return String(c); },
	};
	const FITTING: Readonly<Record<string, readonly string[]>> = {
		any: ["any"], map: ["map"], key: ["stack", "stack", "direct", "value"], value: ["stack", "direct", "value"], mem: ["stack", "direct", "value", "direct"], size: ["size"], size0: ["size"], alloc: ["size"], ctx: ["ctx"],
		str: ["direct"], stack: ["stack", "null"], sk: ["ctx", "null"], sock_common: ["ctx"], socket: ["ctx"],
	};
	const all = Object.keys(make);
	for (let r = 1; r <= 5; r++) {
		const kind = kinds[r - 1]?.kind;
		const fitting = kind === undefined || random(5) === 0 ? all : (FITTING[kind] ?? all);
		texts.push(make[fitting[random(fitting.length)]](r));
	}
	emit(0x85, 0, 0, 0, id);
	// A result that the program type lets it return.
	emit(0xb7, 0, 0, 0, 1);
	emit(0x95, 0, 0, 0, 0);
	return { insns: out, text: texts.join(", ") };
}
