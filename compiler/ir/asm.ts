/**
 * Inline assembly inside the IR. The operands of the `asm` instruction are its inputs in order (first those of inout
 * outputs), its own value is the first register output; `asmout` instructions read the others.
 */
export interface AsmFlavor {
	/** With %0, %[name], %w0, %l1 and %= still in it. */
	readonly template: string;
	readonly volatile: boolean;
	/** It stays where it is among the others, but only for its value: a packet access that nobody looks at goes, as LLVM has it. */
	readonly reads?: boolean;
	readonly outputs: readonly {
		readonly name?: string;
		readonly constraint: string;
		readonly inout: boolean;
		readonly earlyClobber: boolean /** "+m"/"=m": operand is an address among the inputs. */;
		readonly memory: boolean;
		readonly wide: boolean /** `register x asm("r1")`. */;
		readonly register?: string;
	}[];
	readonly inputs: readonly {
		readonly name?: string;
		readonly constraint: string;
		readonly matches?: number;
		readonly memory: boolean;
		readonly wide: boolean;
		readonly register?: string;
	}[];
	readonly clobbers: readonly string[];
	/** asmgoto: names of labels; the block list has fallthrough first, then these. */
	readonly labels: readonly string[];
}
