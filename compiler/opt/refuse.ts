import type { IrModule } from "../ir/types.ts";
import type { OptContext } from "./pass.ts";

/** What has no translation and did not fold away, said by name and place. */
export function refuseLeftovers(module: IrModule, context: OptContext): void {
	const error = (code: string, message: string, span: { from: number; to: number } | null): void => context.diagnostics.report({ code, severity: "error", message, span });
	for (const fn of module.functions) {
		if (fn.params.length > 5) error("E0611", `function ${fn.name} takes ${fn.params.length} arguments in registers; eBPF has five (a static function may take more when it is inlined)`, fn.symbol.span);
		for (const block of fn.blocks) {
			for (const inst of block.insts) {
				if (inst.op !== "call") continue;
				const callee = inst.attr!.callee!;
				if (callee.kind === "indirect") error("E0612", "a call through a pointer that is not known when compiling: eBPF has no indirect calls", inst.loc);
				else if (inst.args.length > 5) {
					const name = callee.kind === "helper" ? callee.name : callee.symbol.name;
					error("E0611", `${name} is called with ${inst.args.length} arguments; eBPF passes five in registers and none on the stack`, inst.loc);
				}
			}
		}
	}
}
