/** The compiler's public face: `ebpfcc/compiler`. */
export { compile } from "./driver/compile.ts";
export { type CompileOptions, type CompileResult, DEFAULT_TARGET, defaultOptions, machineMacros, type Stage } from "./driver/options.ts";
export type { Diagnostic, TokenSpan } from "./diagnostics/diagnostic.ts";
export { InternalError } from "./diagnostics/diagnostic.ts";
export { renderDiagnostic } from "./diagnostics/render.ts";
export { jsonDiagnostic, type JsonDiagnostic } from "./diagnostics/json.ts";
export type { FileProvider } from "./source/files.ts";
