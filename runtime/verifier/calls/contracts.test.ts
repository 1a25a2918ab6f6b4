import { describe, expect, it } from "vitest";
import { helpers } from "../../../assembler/spec/helpers.ts";
import { specOf } from "../programs/table.ts";
import { contract } from "./contract.ts";
import { contracts } from "./contracts.ts";

describe("helper contracts", () => {
	it("every row parses", () => {
		for (const name of Object.keys(contracts)) expect(contract(name).args.length, name).toBeLessThanOrEqual(5);
	});

	it("every helper of every program type has a contract, for every attach type", () => {
		const missing = new Set<string>();
		for (const type of [...Array.from({ length: 32 }, (_, i) => i + 1), "xrp"]) {
			const spec = specOf(type)!;
			for (const h of helpers) {
				for (let attach = 0; attach < 60; attach++) {
					for (const sleepable of [false, true]) {
						const name = spec.helper(h.name.replace(/^bpf_/, ""), attach, sleepable);
						if (name !== null && !Object.hasOwn(contracts, name)) missing.add(`${spec.name}: ${name}`);
					}
				}
			}
		}
		expect([...missing]).toEqual([]);
	});

	it("reads a row", () => {
		const c = contract("dynptr_read");
		expect(c.args.map((a) => a.kind)).toEqual(["mem", "size0", "dynptr", "any", "any"]);
		expect(c.args[0]).toMatchObject({ uninit: true, write: true });
		expect(c.args[2]).toMatchObject({ of: "any", read: true });
		expect(contract("strtol").args[3]).toMatchObject({ kind: "mem", bytes: 8, aligned: true });
		expect(contract("map_lookup_elem").result).toMatchObject({ kind: "value", nullable: true });
	});
});
