/**
 * Decides what becomes of each diagnostic: -W options, `#pragma GCC diagnostic` at its place, system headers, -Werror, the error limit.
 * Stages report everything; what is kept here is what the user sees.
 */
import type { TokenBuffer } from "../preprocess/buffer.ts";
import type { DiagnosticLevel, PragmaState } from "../preprocess/pragma.ts";
import type { Diagnostic, DiagnosticSink } from "./diagnostic.ts";
import { FollowUps } from "./follow-ups.ts";
import { members } from "./groups.ts";
import type { DiagnosticRow } from "./table.ts";
import { wordSet } from "../../assembler/words.ts";

/** -W options in the order of the command line: "unused-variable", "no-unused", "error", "error=sign-compare", "no-error=…". */
export interface WarningOptions {
	readonly flags: readonly string[];
	/** -w */
	readonly none: boolean;
	/** -ferror-limit; 0: none. */
	readonly errorLimit: number;
	/** -Wsystem-headers */
	readonly systemHeaders: boolean;
}

interface GroupState {
	on?: boolean;
	error?: boolean;
}

/** Groups that speak of whole functions: of one that lost a statement to an error they would say what is not so. clang, too, is silent then. */
const WHOLE: ReadonlySet<string> = wordSet(`
	return-type uninitialized sometimes-uninitialized implicit-fallthrough unreachable-code unused-variable
	unused-but-set-variable unused-but-set-parameter unused-parameter unused-label unused-function
`);

export class DiagnosticEngine implements DiagnosticSink {
	readonly kept: Diagnostic[] = [];
	errors = 0;
	warnings = 0;
	#tokens: TokenBuffer | null = null;
	#pragmas: PragmaState | null = null;
	readonly #options: WarningOptions;
	readonly #rows: ReadonlyMap<string, DiagnosticRow>;
	readonly #groups = new Map<string, GroupState>();
	/** The last of -Weverything and -Wno-everything; null: neither. */
	#everything: boolean | null = null;
	#werror = false;
	readonly #seen = new Set<string>();
	readonly #followUps = new FollowUps();
	/** An error that no -Werror made. */
	#broken = false;

	constructor(options: WarningOptions, rows: Iterable<DiagnosticRow>) {
		this.#options = options;
		this.#rows = new Map([...rows].map((row) => [row.code, row]));
		for (const flag of options.flags) this.#apply(flag);
	}

	/** From when on places and pragmas can be looked up. */
	attach(tokens: TokenBuffer, pragmas: PragmaState): void {
		this.#tokens = tokens;
		this.#pragmas = pragmas;
	}

	#apply(flag: string): void {
		const [, no, error, group] = /^(no-)?(error(?:=|$))?(.*)$/.exec(flag) as unknown as [
			string,
			string | undefined,
			string | undefined,
			string,
		];
		const positive = no === undefined;
		if (error === "error") {
			this.#werror = positive;
			return;
		}
		if (group === "everything") {
			this.#everything = positive;
			for (const state of this.#groups.values()) state.on = undefined;
			return;
		}
		for (const name of members(group.replace(/=.*$/, ""))) {
			const state = this.#groups.get(name) ?? {};
			if (error === "error=") {
				state.error = positive;
				if (positive) state.on = true;
			} else state.on = positive;
			this.#groups.set(name, state);
		}
	}

	report(diagnostic: Diagnostic): void {
		if (this.full) return;
		const severity = this.#severity(diagnostic);
		if (severity === "ignored") return;
		if (severity === "error" && this.#followUps.has(diagnostic, this.#tokens)) return;
		// The same complaint at the same place is made once: of a header's function that is checked twice, of an argument that its macro repeats.
		const place = diagnostic.span === null || this.#tokens === null ? "" : String(this.#tokens.messageLocation(diagnostic.span.from));
		const key = `${place} ${diagnostic.code} ${diagnostic.message}`;
		if (this.#seen.has(key)) return;
		this.#seen.add(key);
		if (severity === "error") {
			this.errors++;
			this.#followUps.add(diagnostic, this.#tokens);
			if (diagnostic.severity === "error") this.#broken = true;
		} else if (severity === "warning") this.warnings++;
		this.kept.push(severity === diagnostic.severity ? diagnostic : { ...diagnostic, severity });
	}

	isError(diagnostic: Diagnostic): boolean {
		return this.#severity(diagnostic) === "error";
	}

	/** No more is kept: the error limit is reached. */
	get full(): boolean {
		return this.#options.errorLimit > 0 && this.errors >= this.#options.errorLimit;
	}

	#severity(diagnostic: Diagnostic): Diagnostic["severity"] | "ignored" {
		if (diagnostic.severity === "note") return "note";
		const row = this.#rows.get(diagnostic.code);
		const group = diagnostic.group ?? row?.group;
		if (group === undefined)
			return diagnostic.severity === "warning" && (this.#options.none || this.#everything === false) ? "ignored" : diagnostic.severity;
		const state = this.#groups.get(group) ?? {};
		const pragma = this.#pragmaLevel(diagnostic, group);
		if (pragma === "ignored") return "ignored";
		const isDefaultError = diagnostic.severity === "error";
		const on = pragma !== null || (state.on ?? this.#everything ?? row?.off !== true);
		if (!on || (this.#broken && WHOLE.has(group))) return "ignored";
		if (isDefaultError) return (state.error ?? this.#everything !== false) && pragma !== "warning" ? "error" : "warning";
		if (this.#options.none) return "ignored";
		if (
			diagnostic.span !== null &&
			this.#tokens !== null &&
			!this.#options.systemHeaders &&
			this.#tokens.inSystemHeader(diagnostic.span.from)
		)
			return "ignored";
		if (pragma === "error" || (state.error ?? this.#werror)) return "error";
		return "warning";
	}

	#pragmaLevel(diagnostic: Diagnostic, group: string): DiagnosticLevel | null {
		if (diagnostic.span === null || this.#pragmas === null) return null;
		let found: ReadonlyMap<string, DiagnosticLevel> | null = null;
		const place = this.#tokens?.inOrder(diagnostic.span.from) ?? diagnostic.span.from;
		for (const mark of this.#pragmas.diagnostics) {
			if (mark.token > place) break;
			found = mark.levels;
		}
		if (found === null) return null;
		let level: DiagnosticLevel | null = null;
		for (const [name, value] of found) if (name === group || members(name).has(group) || name === "everything") level = value;
		return level;
	}
}
