/** What an assembly file builds up: sections (`section.ts`), symbols, source lines and frames; directives and instructions fill it, `finish.ts` makes the object of it. */
import type { ObjectSymbol } from "../object.ts";
import { SHF, SHT } from "../spec/elf.ts";
import type { Value } from "./cursor.ts";
import type { Frame } from "./frames.ts";
import { LineRecorder } from "./line-table.ts";
import { type Label, SectionBuilder } from "./section.ts";

export interface SymbolBuilder {
	readonly name: string;
	label?: Label;
	/** `.set`: an expression instead of a place. */
	equals?: Value;
	/** `.comm`. */
	common?: { readonly size: number; readonly align: number };
	size?: Value;
	binding?: ObjectSymbol["binding"];
	type: ObjectSymbol["type"];
	visibility: ObjectSymbol["visibility"];
	/** Named in inline assembly, where clang loses sight of what is its own. */
	inlineAsm: boolean;
	/** When it was first named, among sections and symbols. */
	readonly rank: number;
}

export class ObjectBuilder {
	readonly little: boolean;
	readonly sections: SectionBuilder[] = [];
	readonly symbols = new Map<string, SymbolBuilder>();
	/** Of `.file "name"`. */
	fileName: string | undefined;
	current: SectionBuilder;
	private readonly byName = new Map<string, SectionBuilder>();
	readonly numeric = new Map<string, Label[]>();
	readonly previous: SectionBuilder[] = [];
	/** Between `#APP` and `#NO_APP`. */
	inlineAsm = false;
	readonly lines = new LineRecorder();
	readonly frames: Frame[] = [];
	/** Whether `.cfi_sections` asks for `.debug_frame`. */
	frameSection = false;
	openFrame: Label | undefined;
	/** Of `.addrsig` and `.addrsig_sym`. */
	significant: SymbolBuilder[] | undefined;
	private ranks = 0;

	constructor(little: boolean) {
		this.little = little;
		this.current = this.section(".text", SHT.progbits, SHF.alloc | SHF.execinstr, 0, 4);
	}
	section(name: string, type: number, flags: number, entsize: number, align = 1): SectionBuilder {
		// Strings of another width are another section of the same name.
		const key = `${name}\0${entsize}`;
		let found = this.byName.get(key);
		if (found === undefined) {
			found = new SectionBuilder(name, type, flags, entsize, align);
			found.rank = this.ranks++;
			this.byName.set(key, found);
			this.sections.push(found);
		}
		return found;
	}
	/** A section in front of another one, if there is that. */
	sectionBefore(name: string, other: string, align: number): SectionBuilder {
		const made = this.section(name, SHT.progbits, 0, 0, align);
		const before = this.known(other);
		if (before !== undefined) {
			this.sections.splice(this.sections.indexOf(made), 1);
			this.sections.splice(this.sections.indexOf(before), 0, made);
			made.rank = before.rank - 0.5;
		}
		return made;
	}
	known(name: string): SectionBuilder | undefined {
		return this.sections.find((section) => section.name === name);
	}
	symbol(name: string): SymbolBuilder {
		let symbol = this.symbols.get(name);
		if (symbol === undefined)
			this.symbols.set(name, (symbol = { name, type: "none", visibility: "default", inlineAsm: false, rank: this.ranks++ }));
		return symbol;
	}
	/** `.` in an expression is the place where the directive stands. */
	withHere(value: Value): Value {
		if (value.symbol !== "." && value.minus !== ".") return value;
		const name = `.L.here${this.symbols.size}`;
		this.symbol(name).label = this.current.here();
		return { ...value, symbol: value.symbol === "." ? name : value.symbol, minus: value.minus === "." ? name : value.minus };
	}
}
