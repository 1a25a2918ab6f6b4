/**
 * Kernel functions over sets of CPUs (kernel/bpf/cpumask.c): a bit for each CPU of the machine, in as many bytes as the kernel's `cpumask_t` has.
 * A program's own masks are counted objects; masks of the kernel's are wherever a test laid them.
 */
import type { Machine } from "../machine.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";
import { dropReference, references, takeReference } from "./references.ts";

/** 8192 CPUs and the count behind them. */
const BYTES = 1024 + 8;

const has = (m: Machine, mask: number, cpu: number): boolean => (m.memory.u8[(mask >>> 0) + (cpu >>> 3)] & (1 << (cpu & 7))) !== 0;

function put(m: Machine, mask: number, cpu: number, on: boolean): void {
	const at = (mask >>> 0) + (cpu >>> 3);
	const bit = 1 << (cpu & 7);
	if (on) m.memory.u8[at] |= bit;
	else m.memory.u8[at] &= ~bit;
}

/** The CPU number is any number that a program has: one that does not exist is in no set. */
const exists = (m: Machine, cpu: number): boolean => cpu >>> 0 < m.cpus;

/** The first CPU for which something holds; the number of CPUs where there is none. */
function first(m: Machine, holds: (cpu: number) => boolean): number {
	let cpu = 0;
	while (cpu < m.cpus && !holds(cpu)) cpu++;
	return cpu;
}

const every = (m: Machine, holds: (cpu: number) => boolean): boolean => first(m, (cpu) => !holds(cpu)) === m.cpus;

/** Fills a mask CPU by CPU; whether anything is in it. */
function fill(m: Machine, mask: number, holds: (cpu: number) => boolean): number {
	const values = Array.from({ length: m.cpus }, (_, cpu) => holds(cpu));
	m.memory.u8.fill(0, mask >>> 0, (mask >>> 0) + ((m.cpus + 7) >>> 3));
	values.forEach((on, cpu) => void put(m, mask, cpu, on));
	return values.includes(true) ? 1 : 0;
}

const testAnd = (on: boolean): HelperImplementation =>
	unsigned((m, cpu, mask) => {
		if (!exists(m, cpu)) return 0;
		const before = has(m, mask, cpu);
		put(m, mask, cpu, on);
		return before ? 1 : 0;
	});

const set = (on: boolean): HelperImplementation =>
	signed((m, cpu, mask) => {
		if (exists(m, cpu)) put(m, mask, cpu, on);
		return 0;
	});

export const cpumasks: Readonly<Record<string, HelperImplementation>> = {
	bpf_cpumask_create: unsigned((m) => {
		const mask = m.memory.alloc(BYTES, 8, "CPU mask");
		if (mask === 0) return 0;
		m.memory.u8.fill(0, mask, mask + BYTES);
		references(m).set(mask, 1);
		return mask;
	}),
	bpf_cpumask_acquire: unsigned((m, mask) => {
		takeReference(m, mask >>> 0, 1);
		return mask;
	}),
	bpf_cpumask_release: signed((m, mask) => {
		dropReference(m, mask >>> 0);
		return 0;
	}),
	bpf_cpumask_set_cpu: set(true),
	bpf_cpumask_clear_cpu: set(false),
	bpf_cpumask_test_and_set_cpu: testAnd(true),
	bpf_cpumask_test_and_clear_cpu: testAnd(false),
	bpf_cpumask_test_cpu: unsigned((m, cpu, mask) => (exists(m, cpu) && has(m, mask, cpu) ? 1 : 0)),
	bpf_cpumask_setall: signed((m, mask) => (fill(m, mask, () => true), 0)),
	bpf_cpumask_clear: signed((m, mask) => (fill(m, mask, () => false), 0)),
	bpf_cpumask_copy: signed((m, to, from) => (fill(m, to, (cpu) => has(m, from, cpu)), 0)),
	bpf_cpumask_and: unsigned((m, to, a, b) => fill(m, to, (cpu) => has(m, a, cpu) && has(m, b, cpu))),
	bpf_cpumask_or: signed((m, to, a, b) => (fill(m, to, (cpu) => has(m, a, cpu) || has(m, b, cpu)), 0)),
	bpf_cpumask_xor: signed((m, to, a, b) => (fill(m, to, (cpu) => has(m, a, cpu) !== has(m, b, cpu)), 0)),
	bpf_cpumask_first: unsigned((m, mask) => first(m, (cpu) => has(m, mask, cpu))),
	bpf_cpumask_first_zero: unsigned((m, mask) => first(m, (cpu) => !has(m, mask, cpu))),
	bpf_cpumask_first_and: unsigned((m, a, b) => first(m, (cpu) => has(m, a, cpu) && has(m, b, cpu))),
	bpf_cpumask_any_distribute: unsigned((m, mask) => first(m, (cpu) => has(m, mask, cpu))),
	bpf_cpumask_any_and_distribute: unsigned((m, a, b) => first(m, (cpu) => has(m, a, cpu) && has(m, b, cpu))),
	bpf_cpumask_equal: unsigned((m, a, b) => (every(m, (cpu) => has(m, a, cpu) === has(m, b, cpu)) ? 1 : 0)),
	bpf_cpumask_intersects: unsigned((m, a, b) => (every(m, (cpu) => !(has(m, a, cpu) && has(m, b, cpu))) ? 0 : 1)),
	bpf_cpumask_subset: unsigned((m, a, b) => (every(m, (cpu) => !has(m, a, cpu) || has(m, b, cpu)) ? 1 : 0)),
	bpf_cpumask_empty: unsigned((m, mask) => (every(m, (cpu) => !has(m, mask, cpu)) ? 1 : 0)),
	bpf_cpumask_full: unsigned((m, mask) => (every(m, (cpu) => has(m, mask, cpu)) ? 1 : 0)),
	bpf_cpumask_weight: unsigned((m, mask) => Array.from({ length: m.cpus }, (_, cpu) => has(m, mask, cpu)).filter(Boolean).length),
};
