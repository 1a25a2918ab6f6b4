/** Type of the programs whose section names say nothing: an enum bpf_prog_type number, or a custom type's name such as "xrp". */
export interface TypeChoice {
	readonly type: number | string;
	readonly expectedAttachType?: number;
	readonly flags?: number;
	readonly attach?: string;
	/** Set by the loader: no name said so, the context did. */
	readonly guessed?: boolean;
}
