import type { Block, Inst, IrFunction, Value } from "../../ir/types.ts";
import type { Pass } from "../pass.ts";
import { constant, isConst, isInst, newInst, unsigned } from "../../ir/values.ts";
import { type AliasInfo, writesOf } from "../analysis/alias.ts";
import { analysesOf } from "../analysis/analyses.ts";
import { knownZeros } from "../analysis/known.ts";
import { rootOf, type SlotUse } from "../analysis/slots.ts";

/**
 * Constants stored side by side, or over each other, become as few stores as the alignment allows: a record that is cleared and then
 * gets its members, a header whose fields are filled in, an array that is initialised byte by byte. Within a block; runs late,
 * because what is stored as one word is no longer found as its parts.
 *
 * Not for parameters: of a context or a kernel object the verifier allows stores to one field at a time. Nor are a zero and another number one
 * word where a slot is read in smaller parts at a place that is known at run time only: of a part of a word on the stack the verifier knows nothing,
 * but that it is zero it remembers for each byte.
 */
export const mergeStores: Pass = {
	name: "merge-stores",
	run(fn, context) {
		let changed = false;
		// Constants in other widths give no address away: what was private stays it, in all blocks.
		let alias: AliasInfo | null = null;
		const parts = new Map<Inst, readonly Part[]>();
		for (const block of fn.blocks) {
			if (block.insts.filter((inst) => inst.op === "store").length < 2) continue;
			if (alias === null) {
				const known = analysesOf(fn, context);
				alias = known.alias;
				for (const use of known.slots) if (use.indexed.length > 0 && !use.leaks) parts.set(use.alloca, readParts(use));
			}
			if (mergeIn(fn, block, alias, parts)) changed = true;
		}
		return changed;
	},
};

/** Constant bytes that are to be in an object, and the stores that put them there. */
interface Image {
	readonly root: Inst;
	readonly bytes: Map<number, number>;
	readonly stores: Inst[];
	/** What the stores say of the alignment: an offset that is a multiple of so many bytes in memory. */
	aligned: { readonly offset: number; readonly align: number };
}

/** What is read of each eight bytes of a slot: `at` null: anywhere. */
interface Part {
	readonly at: number | null;
	readonly size: number;
}

function readParts({ indexed }: SlotUse): readonly Part[] {
	return indexed
		.filter(({ op }) => op === "load")
		.map((load) => {
			let at: number | null = 0;
			for (let address = load.args[0]; isInst(address) && address.op === "ptradd"; address = address.args[0]) {
				const step: Value = address.args[1];
				if (isConst(step)) at = at === null ? null : (at + Number(step.value & 7n)) % 8;
				else if ((knownZeros(step) & 7n) !== 7n) at = null;
			}
			return { at, size: load.attr!.size! };
		});
}

/** Whether a word is more to the verifier than its parts, or no less. */
function keepsZeros(parts: readonly Part[], offset: number, size: number, bytes: ReadonlyMap<number, number>): boolean {
	const isZero = (from: number, length: number): boolean => {
		for (let i = 0; i < length; i++) if (bytes.get(from + i) !== 0) return false;
		return true;
	};
	if (isZero(offset, size)) return true;
	for (const part of parts) {
		if (part.size >= size) continue;
		for (let from = offset; from < offset + size; from += part.size)
			if ((part.at === null || from % 8 === part.at) && isZero(from, part.size)) return false;
	}
	return true;
}

function mergeIn(fn: IrFunction, block: Block, alias: AliasInfo, parts: ReadonlyMap<Inst, readonly Part[]>): boolean {
	const pending = new Map<unknown, Image>();
	const dropped = new Set<Inst>();
	const added = new Map<Inst, Inst[]>();
	const flush = (image: Image, before: Inst): void => {
		pending.delete(keyOf(image.root));
		if (image.stores.length < 2) return;
		const read = parts.get(image.root) ?? [];
		const words = wordsOf(image, read);
		// A number that is stored below zeros leaves them as they are, zeros that are stored above it make it unknown.
		if (read.length > 0) words.reverse();
		else if (words.length >= image.stores.length) return;
		const made = words.flatMap(({ offset, size, value }) => {
			const address =
				offset === 0 ? null : newInst(fn, "ptradd", "ptr", [image.root, constant("i64", offset)], undefined, image.stores[0].loc);
			const store = newInst(
				fn,
				"store",
				null,
				[address ?? image.root, constant(size === 8 ? "i64" : "i32", value)],
				{ size },
				image.stores[0].loc,
			);
			return address === null ? [store] : [address, store];
		});
		for (const store of image.stores) dropped.add(store);
		added.set(before, [...(added.get(before) ?? []), ...made]);
	};
	for (const inst of block.insts) {
		const placed = constantStore(inst);
		if (placed !== null) {
			const { root, offset } = placed;
			let image = pending.get(keyOf(root));
			// Objects of the program lie apart from each other; of other addresses nothing is known.
			for (const other of [...pending.values()])
				if (other !== image && !(isObject(root) && isObject(other.root)) && mayTouch(inst, other, alias)) flush(other, inst);
			if (image === undefined) pending.set(keyOf(root), (image = { root, bytes: new Map(), stores: [], aligned: objectAlignment(root) }));
			const start = offset + (root.attr?.offset ?? 0) - (image.root.attr?.offset ?? 0);
			const { size } = inst.attr!;
			const value = unsigned("i64", (inst.args[1] as { value: bigint }).value);
			for (let i = 0; i < size!; i++) image.bytes.set(start + i, Number((value >> BigInt(8 * i)) & 0xffn));
			image.stores.push(inst);
			const align = inst.attr!.align ?? size!;
			if (!isObject(root) && align > image.aligned.align) image.aligned = { offset: start, align };
			continue;
		}
		if (pending.size === 0 || isQuiet(inst)) continue;
		for (const image of [...pending.values()]) if (mayTouch(inst, image, alias)) flush(image, inst);
	}
	if (dropped.size === 0) return false;
	block.insts = block.insts.flatMap((inst) => [...(added.get(inst) ?? []), ...(dropped.has(inst) ? [] : [inst])]);
	return true;
}

const keyOf = (root: Inst): unknown => (root.op === "global" ? root.attr!.global : root);

function constantStore(inst: Inst): { root: Inst; offset: number } | null {
	if (inst.op !== "store" || inst.attr!.volatile || !isConst(inst.args[1])) return null;
	const { root, offset } = rootOf(inst.args[0]);
	if (!isInst(root) || root.op === "param" || root.op === "coreoffset" || offset === null || (root.op === "global" && alignOf(root) === 1))
		return null;
	return { root, offset };
}

/** Arithmetic and the like. */
const isQuiet = (inst: Inst): boolean =>
	inst.args.length === 0
		? inst.op !== "jump" && inst.op !== "ret" && inst.op !== "fence" && inst.op !== "call" && inst.op !== "unreachable"
		: [
				"ptradd",
				"add",
				"sub",
				"and",
				"or",
				"xor",
				"shl",
				"lshr",
				"ashr",
				"mul",
				"zext",
				"sext",
				"trunc",
				"icmp",
				"ptrtoint",
				"inttoptr",
				"phi",
				"select",
				"bswap",
				"sextfrom",
				"coreoffset",
				"addrspace",
				"udiv",
				"umod",
				"neg",
			].includes(inst.op);

function mayTouch(inst: Inst, image: Image, alias: AliasInfo): boolean {
	const whole = { address: image.root, size: null };
	const reads = (address: Value): boolean => overlaps(address, inst.attr?.size ?? null, image, alias, whole);
	if (inst.op === "load") return reads(inst.args[0]);
	const writes = writesOf(inst);
	if (writes === "all") return alias.mayTouch(inst, alias.place(whole));
	if (writes.length === 0) return true;
	if (inst.op === "store") return writes.some((range) => overlaps(range.address, range.size, image, alias, whole));
	return true;
}

/** Of the same object: are there bytes of the image among these? */
function overlaps(address: Value, size: number | null, image: Image, alias: AliasInfo, whole: { address: Value; size: null }): boolean {
	const { root, offset } = rootOf(address);
	if (isInst(root) && keyOf(root) === keyOf(image.root) && offset !== null && size !== null) {
		const start = offset + (root.attr?.offset ?? 0) - (image.root.attr?.offset ?? 0);
		for (let i = 0; i < size; i++) if (image.bytes.has(start + i)) return true;
		return false;
	}
	return alias.mayAlias({ address, size }, whole);
}

const isObject = (root: Inst): boolean => root.op === "alloca" || root.op === "global";

const objectAlignment = (root: Inst): Image["aligned"] =>
	isObject(root) ? { offset: root.op === "global" ? -(root.attr!.offset ?? 0) : 0, align: alignOf(root) } : { offset: 0, align: 1 };

function alignOf(root: Inst): number {
	if (root.op === "alloca") return 8;
	const target = root.attr!.global!;
	return "section" in target && "size" in target ? target.align : 1;
}

/** The widest aligned words that are all known; a wide constant costs one more than two that fit an instruction. */
function wordsOf(image: Image, parts: readonly Part[]): { offset: number; size: number; value: bigint }[] {
	const { root, bytes } = image;
	// A slot gets the alignment that it wants.
	const align = Math.min(8, image.aligned.align);
	const words: { offset: number; size: number; value: bigint }[] = [];
	const offsets = [...bytes.keys()].sort((a, b) => a - b);
	let done = -Infinity;
	for (const offset of offsets) {
		if (offset < done) continue;
		let size = align;
		while (
			size > 1 &&
			((offset - image.aligned.offset) % size !== 0 || !covered(bytes, offset, size) || !keepsZeros(parts, offset, size, bytes))
		)
			size /= 2;
		let value = 0n;
		for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes.get(offset + i)!);
		words.push({ offset, size, value });
		done = offset + size;
	}
	if (root.op === "alloca") {
		const widest = Math.max(...words.map(({ size }) => size));
		if (widest > root.attr!.align!) root.attr = { ...root.attr, align: widest };
	}
	return words;
}

const covered = (bytes: ReadonlyMap<number, number>, offset: number, size: number): boolean => {
	for (let i = 0; i < size; i++) if (!bytes.has(offset + i)) return false;
	return true;
};
