import { writeBtf } from "../../assembler/btf/write.ts";
import { decode } from "../../assembler/decode.ts";
import type { ObjectFile, ObjectSymbol, Reloc, Section } from "../../assembler/object.ts";
import { R_BPF_64_32, R_BPF_64_64, R_BPF_64_ABS64, SHF, SHT } from "../../assembler/spec/elf.ts";
import type { Insn } from "../../assembler/spec/insn.ts";
import { CALL_CODE, CALL_SOURCES, CLASS, instructionOf } from "../../assembler/spec/isa.ts";
import { ASSEMBLY_STYLE, printInsn } from "../../assembler/text/print.ts";

/**
 * `-S`: an object as assembly text in the manner of `clang -S`. It is printed from the finished object, so that what an assembler
 * (ours or `llvm-mc`) makes of it is the object again, byte for byte. References to a section and a distance are written with the
 * name that stands there, or a local label where none does.
 */
export function printObject(object: ObjectFile): string {
	return new Printer(object).print();
}

class Printer {
	private readonly object: ObjectFile;
	private readonly lines: string[] = [];
	/** Section → offset → names; local labels are added where references point into the middle. */
	private readonly labels: Map<number, string>[];

	constructor(object: ObjectFile) {
		this.object = object;
		this.labels = object.sections.map(() => new Map());
		// Only names of local symbols: an assembler would keep a reference to a global one by its name.
		for (const { name, section, value, type, binding } of object.symbols) {
			if (
				typeof section === "number" &&
				binding === "local" &&
				(type === "function" || type === "object") &&
				!this.labels[section].has(value)
			)
				this.labels[section].set(value, name);
		}
		object.sections.forEach((section, i) => this.findTargets(section, i));
	}

	/** Makes labels for what references point to. */
	private findTargets(section: Section, index: number): void {
		const at = (target: number, offset: number): void => {
			const known = this.labels[target];
			if (!known.has(offset)) known.set(offset, `.L${this.object.sections[target].name.replace(/\W/g, "_")}_${offset}`);
		};
		for (const reloc of section.relocs) {
			const symbol = this.object.symbols[reloc.symbol];
			if (symbol.type === "section" && typeof symbol.section === "number") at(symbol.section, this.addend(section, reloc));
		}
		if ((section.flags & SHF.execinstr) === 0) return;
		const insns = decode(section.data);
		for (let slot = 0; slot < insns.length; slot++) {
			const target = jumpTarget(insns[slot], slot);
			if (target !== null && target >= 0 && target <= insns.length) at(index, target * 8);
			if (instructionOf(insns[slot])?.kind === "ld_imm64") slot++;
		}
	}

	/** Where a reference to a section points, in bytes. */
	private addend(section: Section, reloc: Reloc): number {
		const view = new DataView(section.data.buffer, section.data.byteOffset, section.data.byteLength);
		if (reloc.type === R_BPF_64_32) return (view.getInt32(reloc.offset + 4, true) + 1) * 8;
		if (reloc.type === R_BPF_64_64) return view.getInt32(reloc.offset + 4, true);
		return reloc.type === R_BPF_64_ABS64 ? Number(view.getBigInt64(reloc.offset, true)) : view.getInt32(reloc.offset, true);
	}

	private name(section: Section, reloc: Reloc): string {
		const symbol = this.object.symbols[reloc.symbol];
		const addend = this.addend(section, reloc);
		if (symbol.type === "section" && typeof symbol.section === "number") return quote(this.labels[symbol.section].get(addend)!);
		const more = reloc.type === R_BPF_64_32 ? 0 : addend;
		return `${quote(symbol.name)}${more === 0 ? "" : more > 0 ? `+${more}` : more}`;
	}

	print(): string {
		const { object } = this;
		const file = object.symbols.find((symbol) => symbol.type === "file");
		if (file !== undefined) this.line(`.file\t${JSON.stringify(file.name)}`);
		object.sections.forEach((section, i) => {
			this.header(section);
			if ((section.flags & SHF.execinstr) !== 0) this.code(section, i);
			else this.data(section, i);
		});
		for (const symbol of object.symbols) {
			if (symbol.section === "undefined" && symbol.binding === "weak") this.line(`.weak\t${quote(symbol.name)}`);
		}
		if (object.btf !== undefined) {
			const { btf, ext } = writeBtf(object.btf, {
				endian: object.endian,
				...(object.btfExt === undefined ? {} : { ext: object.btfExt }),
			});
			const names = object.btf.types
				.slice(1)
				.map(
					(type, i) =>
						`# BTF_KIND_${type.kind.toUpperCase()}(id = ${i + 1})${"name" in type && /^[\w.]+$/.test(type.name) ? ` ${type.name}` : ""}`,
				);
			this.bytesSection(".BTF", btf, names);
			if (ext !== undefined) this.bytesSection(".BTF.ext", ext);
		}
		return `${this.lines.join("\n")}\n`;
	}

	private line(text: string): void {
		this.lines.push(`\t${text}`);
	}

	private header({ name, flags, type, entsize, align }: Section): void {
		const letters = `${flags & SHF.alloc ? "a" : ""}${flags & SHF.execinstr ? "x" : ""}${flags & SHF.write ? "w" : ""}${flags & SHF.merge ? "M" : ""}${flags & SHF.strings ? "S" : ""}`;
		if (name === ".text") this.line(".text");
		else
			this.line(
				`.section\t${quote(name)},"${letters}",@${type === SHT.nobits ? "nobits" : "progbits"}${flags & SHF.merge ? `,${entsize}` : ""}`,
			);
		if (align > 1) this.line(`.p2align\t${Math.log2(align)}`);
	}

	/** The remarks are for readers, and for build systems, which look for a kind in clang's text to see what it can do. */
	private bytesSection(name: string, bytes: Uint8Array, remarks: readonly string[] = []): void {
		this.line(`.section\t${name},"",@progbits`);
		for (const remark of remarks) this.line(remark);
		this.line(".p2align\t2");
		this.bytes(bytes, 0, bytes.length);
	}

	/** Labels and symbol directives at an offset. */
	private symbolsAt(section: number, offset: number): void {
		for (const symbol of this.object.symbols) {
			if (symbol.section !== section || symbol.value !== offset || (symbol.type !== "function" && symbol.type !== "object")) continue;
			this.directives(symbol);
			this.lines.push(`${quote(symbol.name)}:`);
		}
		const label = this.labels[section].get(offset);
		if (label?.startsWith(".L")) this.lines.push(`${label}:`);
	}

	private directives(symbol: ObjectSymbol): void {
		const name = quote(symbol.name);
		if (symbol.binding === "weak") this.line(`.weak\t${name}`);
		else if (symbol.binding === "global") this.line(`.globl\t${name}`);
		if (symbol.visibility !== "default") this.line(`.${symbol.visibility}\t${name}`);
		this.line(`.type\t${name},@${symbol.type}`);
		this.line(`.size\t${name}, ${symbol.size}`);
	}

	private code(section: Section, index: number): void {
		const insns = decode(section.data);
		const relocs = new Map(section.relocs.map((reloc) => [reloc.offset, reloc]));
		for (let slot = 0; slot < insns.length; slot++) {
			this.symbolsAt(index, slot * 8);
			const insn = insns[slot];
			const reloc = relocs.get(slot * 8);
			const wide = instructionOf(insn)?.kind === "ld_imm64";
			if (reloc?.type === R_BPF_64_64) this.line(`r${insn.dst} = ${this.name(section, reloc)} ll`);
			else if (reloc?.type === R_BPF_64_32) this.line(`call ${this.name(section, reloc)}`);
			else {
				const target = jumpTarget(insn, slot);
				const label = target === null ? undefined : this.labels[index].get(target * 8);
				const text = printInsn(insn, insns[slot + 1], {
					...ASSEMBLY_STYLE,
					target: () => (label === undefined ? undefined : quote(label)),
				});
				if (text !== undefined) this.line(text);
				else this.bytes(section.data, slot * 8, slot * 8 + 8);
			}
			if (wide) slot++;
		}
		this.symbolsAt(index, insns.length * 8);
	}

	private data(section: Section, index: number): void {
		const stops = new Set<number>([section.size]);
		for (const symbol of this.object.symbols) if (symbol.section === index) stops.add(symbol.value);
		for (const offset of this.labels[index].keys()) stops.add(offset);
		const relocs = new Map(section.relocs.map((reloc) => [reloc.offset, reloc]));
		for (const offset of relocs.keys()) stops.add(offset);
		const order = [...stops].sort((a, b) => a - b);
		for (let at = 0, i = 0; at < section.size; ) {
			this.symbolsAt(index, at);
			const reloc = relocs.get(at);
			if (reloc !== undefined) {
				const size = reloc.type === R_BPF_64_ABS64 ? 8 : 4;
				this.line(`${size === 8 ? ".quad" : ".long"}\t${this.name(section, reloc)}`);
				at += size;
				continue;
			}
			while (order[i] <= at) i++;
			const end = order[i] ?? section.size;
			if (section.type === SHT.nobits || section.data.subarray(at, end).every((byte) => byte === 0)) this.line(`.zero\t${end - at}`);
			else this.bytes(section.data, at, end);
			at = end;
		}
		this.symbolsAt(index, section.size);
	}

	private bytes(data: Uint8Array, from: number, to: number): void {
		for (let at = from; at < to; at += 16) this.line(`.byte\t${[...data.subarray(at, Math.min(to, at + 16))].join(", ")}`);
	}
}

/** The slot that a jump, or a call within the section, goes to. */
function jumpTarget(insn: Insn, slot: number): number | null {
	const row = instructionOf(insn);
	if (row === undefined) return null;
	if (row.kind === "jump" || row.kind === "may_goto" || (row.kind === "goto" && !row.wide)) return slot + 1 + insn.off;
	if (row.kind === "goto") return slot + 1 + insn.imm;
	if (insn.opcode === (CLASS.jmp | CALL_CODE) && insn.src === CALL_SOURCES.local && insn.imm !== -1) return slot + 1 + insn.imm;
	return null;
}

const quote = (name: string): string => (/^[\w.$]+$/.test(name) ? name : JSON.stringify(name));
