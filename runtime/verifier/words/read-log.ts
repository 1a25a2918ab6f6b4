/**
 * A kernel verifier's log as data: which program, the path to where it stopped, the registers there, the message.
 *
 * In: text as people paste it: libbpf's and bpftool's (with BEGIN and END lines), cilium/ebpf's (indented), dmesg's (time stamps), one program or
 * several, whole or cut off, log_level 1 or 2, Linux 5.x (`R1_w=inv`) to 6.18, and 7.3 with its report below. Out: one `LoggedProgram` for each.
 *
 *     12: (15) if r0 == 0x0 goto pc+3       ; R0=map_value(ks=4,vs=8)      executed; states after it
 *     from 12 to 16: R0=0 R6=ctx()                                          the path goes back to 12 and on to 16
 *     16: safe                                                              that path ends here
 *
 * Source: kernel/bpf/verifier.c and log.c, Linux 6.18; libbpf's fixup_log.
 */
import { poisonedCall } from "../../../linker/core/answer.ts";
import type { LineRecord } from "../../image.ts";
import { diagnose } from "./diagnoses.ts";

export interface LoggedProgram {
	/** As the loader names it; null: the log does not say. */
	readonly program: string | null;
	/** Null: accepted, or cut off before the end. */
	readonly message: string | null;
	readonly notes: readonly string[];
	readonly accepted: boolean;
	/** No "processed … insns" at the end, or text left out. */
	readonly truncated: boolean;
	/** Where it stopped; −1: before any instruction. */
	readonly insn: number;
	/** Newest first, that one excluded. */
	readonly executed: readonly number[];
	readonly state: Readonly<Record<string, string>>;
	/** Global function that was being verified on its own. */
	readonly validating: string | null;
	/** Opcode of each instruction that the log shows. */
	readonly opcodes: ReadonlyMap<number, number>;
	/** Times that each instruction is shown. */
	readonly visits: ReadonlyMap<number, number>;
	/** C lines that the log quotes. */
	readonly lines: readonly LineRecord[];
}

const BEGIN = /prog(?:ram)? '?([^':]+)'?: (?:-- )?BEGIN (?:PROG|BPF PROG) LOAD LOG|-- BEGIN (?:PROG|DUMP|BPF PROG) LOAD LOG/;
const END = /-- END (?:PROG|BPF PROG) LOAD LOG --|-- END LOG --/;
const NAMED = /(?:prog|program) '?([\w.]+)'?: (?:load program|BPF program load failed|-- BEGIN)/;
const INSN = /^(\d+): \(([0-9a-f]{2})\) (.*)$/;
const STATE = /^(?:(\d+): )?((?: ?frame\d+:)? ?(?:R\d+|fp-\d+)(?:_[rwD]+)?=.*)$/;
const FROM = /^from (\d+) to (\d+)(?: \(speculative execution\))?:(.*)$/;
const IGNORED =
	/^(?:func#\d+ @\d+|Live regs before insn:|\d+: [.\d]{10} \(|mark_precise:|last_idx \d+|regs=|parent (?:didn't|already)|propagating |verification time|stack depth|peak_states|processed \d+ insns|max_states_per_insn|total_states|Func#\d+ \('|(?:caller|callee|returning from callee|to caller at \d+):?$|returning from callee:|to caller at |caller:|callee:|\d+: safe|(?:BPF program )?load failed|-- )/;
/** What libbpf writes in place of the poisoned call, and of the kernel's word on it. */
const RELOCATION = /^(\d+): <invalid CO-RE relocation>$/;
const UNRESOLVED = /^failed to resolve CO-RE relocation </;
const LINE = /^; (.*?)(?: @ (\S+):(\d+))?$/;
const OMITTED = /\(?\d+ lines? omitted\)?|\[truncated\]|log truncated/i;

class Reader {
	program: string | null = null;
	validating: string | null = null;
	readonly opcodes = new Map<number, number>();
	readonly visits = new Map<number, number>();
	readonly lines = new Map<number, LineRecord>();
	/** Oldest first. */
	path: number[] = [];
	state: Record<string, string> = {};
	said: string[] = [];
	private before: string[] = [];
	private pending: { text: string; file: string; line: number } | null = null;
	private processed = false;
	private omitted = false;
	private reported = false;
	private seen = false;
	/** The instruction before was a call, which leaves nothing in its arguments. */
	private called = false;

	line(raw: string): void {
		// Linux 7.3 puts a report between the message and the figures.
		if (/^Verification failed: /.test(raw)) this.reported = true;
		if (/^(?:processed \d+ insns|verification time|stack depth)/.test(raw)) this.reported = false;
		if (this.reported) return;
		// Some messages lack their line end.
		const glued = raw.search(/(?:processed \d+ insns|verification time \d+ usec)/);
		if (glued > 0) {
			this.line(raw.slice(0, glued));
			return this.line(raw.slice(glued));
		}
		const relocated = RELOCATION.exec(raw);
		if (relocated !== null) return this.line(`${relocated[1]}: (85) call unknown#${poisonedCall}`);
		const text = UNRESOLVED.test(raw) ? `invalid func unknown#${poisonedCall}` : raw;
		if (text === "") return;
		if (OMITTED.test(text)) this.omitted = true;
		const insn = INSN.exec(text);
		if (insn !== null) return this.insn(Number(insn[1]), parseInt(insn[2], 16), insn[3]);
		const from = FROM.exec(text);
		if (from !== null) {
			const at = this.path.lastIndexOf(Number(from[1]));
			if (at >= 0) this.path.length = at + 1;
			this.state = {};
			this.take(from[3]);
			return;
		}
		const state = STATE.exec(text);
		if (state !== null) {
			this.take(state[2]);
			return;
		}
		const quoted = LINE.exec(text);
		if (quoted !== null) {
			this.pending = { text: quoted[1], file: quoted[2] ?? "", line: Number(quoted[3] ?? 0) };
			return;
		}
		const validating = /^Validating (\S+)\(\) func#\d+/.exec(text);
		if (validating !== null) {
			this.validating = validating[1];
			this.path = [];
			this.said = [];
			return;
		}
		if (/^processed \d+ insns/.test(text)) this.processed = true;
		if (/^(?:callee|returning from callee|to caller at \d+|caller):/.test(text)) this.state = {};
		if (!IGNORED.test(text) && !OMITTED.test(text)) this.said.push(text);
	}

	private insn(at: number, opcode: number, rest: string): void {
		this.seen = true;
		this.opcodes.set(at, opcode);
		this.visits.set(at, (this.visits.get(at) ?? 0) + 1);
		if (this.pending !== null) {
			if (!this.lines.has(at))
				this.lines.set(at, { insn: at, file: this.pending.file, line: this.pending.line, column: 0, text: this.pending.text });
			this.pending = null;
		}
		this.before.push(...this.said);
		this.said = [];
		this.path.push(at);
		if (this.called) for (let r = 1; r <= 5; r++) delete this.state[`R${r}`];
		this.called = opcode === 0x85 && !/^call pc/.test(rest);
		const comment = rest.lastIndexOf("    ; ");
		const close = comment >= 0 ? comment : rest.search(/\s; R\d+/);
		if (close >= 0) this.take(rest.slice(rest.indexOf(";", close) + 1));
	}

	/** A full state, or what changed. */
	private take(text: string): void {
		for (const match of text.matchAll(/(?:^|\s)(R\d+|fp-\d+)(?:_[rwD]+)?=((?:[^\s()]|\((?:[^()]|\([^()]*\))*\))*)/g))
			this.state[match[1]] = match[2];
	}

	get empty(): boolean {
		return !this.seen && this.said.length === 0;
	}

	finish(): LoggedProgram {
		const said = this.said.filter((text) => !NOISE.test(text));
		const message = said.findLast((text) => diagnose(text) !== null) ?? said.at(-1) ?? null;
		// What is found after the walk has no place, and a loop is found before its first instruction is shown again.
		const executed = message !== null && AFTERWARDS.test(message) ? [] : this.path.slice().reverse();
		const loop = /^infinite loop detected at insn (\d+)/.exec(message ?? "");
		const insn = loop === null ? (executed.shift() ?? -1) : Number(loop[1]);
		return {
			program: this.program,
			message,
			notes: [...this.before, ...said.filter((text) => text !== message)],
			accepted: message === null && this.processed,
			truncated: this.omitted || !this.processed,
			insn,
			executed,
			state: this.state,
			validating: this.validating,
			opcodes: this.opcodes,
			visits: this.visits,
			lines: [...this.lines.values()].sort((a, b) => a.insn - b.insn),
		};
	}
}

/** What loaders say around the kernel's text. */
const NOISE =
	/^(?:Error: |Warning: |If it used to work|libbpf: |arg#\d+ reference type\('UNKNOWN|Global function \S+ doesn't return scalar|failed to load|load program: )/i;

const AFTERWARDS =
	/^(?:combined stack size|stack size of subprog|tail_calls are not allowed when|the call stack of \d+ frames is too deep !|invalid kernel function call not eliminated)/;

/** Text before a line of the log: time stamps, journald's "host kernel:", libbpf's name, a margin. */
const PREFIX = /^(?:\s*\[\s*\d+\.\d+\]\s?|\S+ \d+ [\d:]+ \S+ kernel: (?:\[\s*\d+\.\d+\]\s?)?|[\t >|]+)+/;

export function readLog(text: string): LoggedProgram[] {
	const out: LoggedProgram[] = [];
	let reader = new Reader();
	const next = (): void => {
		if (!reader.empty) out.push(reader.finish());
		reader = new Reader();
	};
	for (const raw of text.split(/\r?\n/)) {
		const line = raw.replace(PREFIX, "").trimEnd();
		const named = NAMED.exec(line);
		const begin = BEGIN.test(line);
		if (begin || (named !== null && reader.program !== null && reader.program !== named[1])) next();
		if (named !== null) {
			if (!reader.empty && reader.program === null && !begin) next();
			reader.program = named[1];
			// cilium/ebpf ends its head line with the first line of the log, or with the message.
			continue;
		}
		if (begin) continue;
		if (END.test(line)) {
			next();
			continue;
		}
		// A new log without a loader's lines around it.
		if (/^func#0 @0$/.test(line) && !reader.empty) next();
		reader.line(line);
	}
	next();
	// Loaders' own lines give a program of nothing.
	return out.filter(({ insn, message, accepted }) => insn >= 0 || accepted || (message !== null && diagnose(message) !== null));
}
