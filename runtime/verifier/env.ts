/**
 * One verification: the program, what earlier passes found out per instruction, the state being walked, and the ways to end it.
 *
 * A rejection can come from the depth of any check, and always ends the walk (or, on a speculative path, that path). It is therefore thrown as
 * `Refusal` inside this folder; `verify()` catches it and returns it as a value. Nothing else is thrown on purpose.
 */
import type { Insn } from "../../assembler/spec/insn.ts";
import { errno } from "../errno.ts";
import type { ProgramImage } from "../image.ts";
import type { TypeSource, BtfType } from "./btf.ts";
import type { MapInfo } from "./maps.ts";
import type { ProgramSpec } from "./programs/spec.ts";
import type { Liveness } from "./liveness.ts";
import type { FactCollector } from "./collect.ts";
import type { KernelLog } from "./kernel-log.ts";
import type { Frame, JumpEntry, Reg, SccVisit, State } from "./state.ts";
import type { Backtrack } from "./backtrack.ts";

export const { EPERM, ENOENT, ESRCH, E2BIG, EACCES, EFAULT, EBUSY, EINVAL, ERANGE, EPROTO, EOPNOTSUPP, ENOTSUPP } = errno;

/** What a refusal knows beyond its message; words are made from it later. */
export interface Why {
	readonly code?: string;
	readonly register?: number;
	readonly needed?: string;
	readonly known?: string;
	readonly suggestion?: string;
	/** Instruction meant, where no path is being walked. */
	readonly at?: number;
	/** Shown in the log below the message. */
	readonly logged?: string | undefined;
}

export class Refusal extends Error {
	readonly errno: number;
	readonly why: Why;
	/** We do not know, and say so, rather than the program being wrong. */
	readonly unsupported: boolean;
	constructor(errno: number, message: string, why: Why, unsupported: boolean) {
		super(message);
		this.errno = errno;
		this.why = why;
		this.unsupported = unsupported;
	}
}

export function reject(errno: number, message: string, why: Why = {}): never {
	// Refusals on speculative paths are common; their stack traces are never read.
	const limit = Error.stackTraceLimit;
	Error.stackTraceLimit = 0;
	const refusal = new Refusal(errno, message, why, false);
	Error.stackTraceLimit = limit;
	throw refusal;
}

export function unsupported(what: string): never {
	throw new Refusal(EOPNOTSUPP, `unsupported: ${what}`, { code: "V0900" }, true);
}

/** A broken invariant of ours, where the kernel says "verifier bug": the program is refused all the same. */
export function internal(what: string): never {
	throw new Refusal(EFAULT, `verifier bug: ${what}`, { code: "V0999" }, false);
}

export interface Subprog {
	start: number;
	end: number;
	exitIndex: number;
	hasTailCall: boolean;
	hasLdAbs: boolean;
	changesPacket: boolean;
	mightSleep: boolean;
	isCallback: boolean;
	isAsyncCallback: boolean;
	isExceptionCallback: boolean;
	stackDepth: number;
	/** Below this, the stack holds only spills around helper calls that the JIT drops. */
	fastcallStackOff: number;
	keepFastcallStack: boolean;
	postorderStart: number;
	/** From func_info: FUNC id, 0 when there is none. */
	typeId: number;
	global: boolean;
	name: string;
	args: readonly SubprogArg[] | null;
	unreliable: boolean;
	called: boolean;
	verified: boolean;
	/** Nothing entered it: the kernel takes it away. */
	removed: boolean;
}

export interface SubprogArg {
	readonly kind: "scalar" | "ctx" | "mem" | "dynptr" | "btf" | "arena";
	/** Register type flags. */
	readonly flags: number;
	readonly memSize: number;
	readonly btfId: number;
}

export interface StackEntry {
	readonly state: State;
	readonly insn: number;
	readonly prev: number;
	/** Where the log stood. */
	readonly logged: number;
}

export interface EnvOptions {
	/** False: CAP_BPF without CAP_PERFMON; pointer leaks and speculation are then checked. */
	readonly perfmon: boolean;
	readonly jit: boolean;
	readonly cpus: number;
}

export class Env {
	readonly image: ProgramImage;
	readonly insns: readonly Insn[];
	readonly options: EnvOptions;
	readonly spec: ProgramSpec;
	readonly kernel: TypeSource | null;
	readonly types: TypeSource | null;
	readonly maps: readonly MapInfo[];
	readonly log: string[] = [];
	/** The log in the kernel's style, when asked for. */
	trace: KernelLog | null = null;

	allowPtrLeaks: boolean;
	allowUninitStack: boolean;
	bypassSpecV1: boolean;
	bypassSpecV4: boolean;
	strictAlignment: boolean;
	testStateFreq: boolean;
	sleepable: boolean;
	gpl: boolean;

	subprogs: Subprog[] = [];
	exceptionCallback = 0;
	arena: MapInfo | null = null;
	cgroupStorage: (MapInfo | null)[] = [null, null];
	/** Prototype of the function that the program attaches to: id in the kernel's BTF, 0 when there is none. */
	attachProto: Extract<BtfType, { kind: "func_proto" }> | null = null;
	attachName = "";
	attachId = 0;
	/** Names that the kernel gives the arguments of a struct's member: `__nullable` and `__ref` at their ends say what the prototype does not. */
	stubParams: readonly string[] = [];
	/** References that the program is given with its arguments, by argument. */
	readonly contextRefs = new Map<number, number>();

	readonly prunePoint: Uint8Array;
	readonly jumpPoint: Uint8Array;
	readonly forceCheckpoint: Uint8Array;
	readonly callsCallback: Uint8Array;
	readonly isIterNext: Uint8Array;
	readonly nospec: Uint8Array;
	readonly nospecResult: Uint8Array;
	readonly seen: Uint8Array;
	readonly fastcallPattern: Uint8Array;
	readonly fastcallSpills: Uint8Array;
	readonly scc: Int32Array;
	readonly liveRegs: Uint16Array;
	readonly pointerType: Int32Array;
	readonly subprogOf: Int32Array;
	/** Per call: the map given on every path, or null when they differ. */
	readonly callMap: (MapInfo | null | undefined)[];
	readonly loopInline: ({ fit: boolean; subprog: number } | undefined)[] = [];
	readonly aluState: Int32Array;
	readonly aluLimit: Int32Array;
	/** Where each instruction goes on inside its subprogram: straight, or by its jump; −1: nowhere. A call's is the instruction after it. */
	readonly straight: Int32Array;
	readonly jump: Int32Array;
	postorder: Int32Array = new Int32Array(0);

	current!: State;
	insn = 0;
	prevInsn = -1;
	stack: StackEntry[] = [];
	/** States saved, by bucket (prune.ts). */
	explored: (State[] | undefined)[] = [];
	sccVisits = new Map<string, SccVisit>();
	/** Some instruction is in a component of `scc`. */
	hasLoops = false;
	/** The walk whose accepted paths are all paths, where 6.18's leaves a doubt: a call of a callback is a loop, a sign-extending fill a number of its own, a load of the packet may leave its function. */
	thorough = false;
	/** States at which a callback had come round (scc.ts). */
	callbackEdges: State[] = [];
	/** A path may be missing, by a fault of 6.18. */
	doubt = false;
	historyEntry: JumpEntry | null = null;
	liveness!: Liveness;
	backtrack!: Backtrack;
	ids = 0;
	refIds = 0;
	insnsProcessed = 0;
	jumpsProcessed = 0;
	prevInsnsProcessed = 0;
	prevJumpsProcessed = 0;
	totalStates = 0;
	exploredStates = 0;
	freeStates = 0;
	backedges = 0;
	peakStates = 0;
	maxStatesPerInsn = 0;
	exploreAluLimits = false;
	seenDirectWrite = false;
	seenException = false;
	visits: Uint32Array;
	collector: FactCollector | null = null;
	limitInsns = 1_000_000;
	hasAddress: (name: string) => boolean = () => true;

	constructor(
		image: ProgramImage,
		spec: ProgramSpec,
		kernel: TypeSource | null,
		types: TypeSource | null,
		maps: readonly MapInfo[],
		options: EnvOptions,
	) {
		this.image = image;
		this.insns = image.insns;
		this.options = options;
		this.spec = spec;
		this.kernel = kernel;
		this.types = types;
		this.maps = maps;
		const n = image.insns.length;
		this.allowPtrLeaks = this.allowUninitStack = this.bypassSpecV1 = this.bypassSpecV4 = options.perfmon;
		this.strictAlignment = (image.flags & 1) !== 0;
		if (image.flags & 2) this.strictAlignment = false;
		this.testStateFreq = (image.flags & 8) !== 0;
		this.sleepable = (image.flags & 16) !== 0;
		this.gpl = isGpl(image.license);
		this.prunePoint = new Uint8Array(n + 1);
		this.jumpPoint = new Uint8Array(n + 1);
		this.forceCheckpoint = new Uint8Array(n + 1);
		this.callsCallback = new Uint8Array(n + 1);
		this.isIterNext = new Uint8Array(n);
		this.nospec = new Uint8Array(n);
		this.nospecResult = new Uint8Array(n);
		this.seen = new Uint8Array(n);
		this.fastcallPattern = new Uint8Array(n);
		this.fastcallSpills = new Uint8Array(n);
		this.scc = new Int32Array(n);
		this.liveRegs = new Uint16Array(n);
		this.pointerType = new Int32Array(n);
		this.subprogOf = new Int32Array(n);
		this.callMap = new Array(n);
		this.aluState = new Int32Array(n);
		this.aluLimit = new Int32Array(n);
		this.straight = new Int32Array(n).fill(-1);
		this.jump = new Int32Array(n).fill(-1);
		this.visits = new Uint32Array(n);
	}

	get frame(): Frame {
		return this.current.frames[this.current.curframe];
	}

	get regs(): Reg[] {
		return this.current.frames[this.current.curframe].regs;
	}

	/** Said beside the message: what a rejection adds, and what the log shows in passing. */
	note(text: string): void {
		this.log.push(text);
		this.trace?.write(`${text}\n`);
	}

	newId(): number {
		return ++this.ids;
	}

	subprogAt(insn: number): Subprog {
		return this.subprogs[this.subprogOf[insn]];
	}

	/** Index of the subprogram that starts there, or −1. */
	findSubprog(start: number): number {
		if (start < 0 || start >= this.insns.length) return -1;
		return this.subprogs.findIndex((s) => s.start === start);
	}
}

export function isGpl(license: string): boolean {
	return ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"].includes(license);
}

/** Register name as in messages. */
export const R = (n: number): string => `R${n}`;
