/** The verifier's public face. */
export { verify, type VerifyOptions } from "./verify.ts";
export { kernelTypes, type TypeSource } from "./btf.ts";
export type { CustomProgramType } from "./programs/table.ts";
export type { ContextField } from "./programs/spec.ts";
export type { Facts, MemoryRegion, Rejection, ScalarRange, Verdict, VerifierStats } from "./facts.ts";
export { explain, renderExplanation, type Explanation, type PathStep } from "./words/explain.ts";
export { compareReleases, needs, oldestKernel, type Need } from "./kernels.ts";
export { renderReport } from "./words/report.ts";
export { explainLog, type LogAnswer } from "./words/explain-log.ts";
export { bill, type Bill, type Cost } from "./words/cost.ts";
