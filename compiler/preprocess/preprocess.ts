/** Source text in, the token buffer of the unit out: the loop of `preprocessor.ts` with the directives and macros of C. */
import { dispatchDirective } from "./directives.ts";
import { dynamicTokens } from "./dynamic.ts";
import type { PreprocessOptions, Report } from "./options.ts";
import { Preprocessor, type UnitRules } from "./preprocessor.ts";

const RULES: UnitRules = { directive: dispatchDirective, dynamic: dynamicTokens };

/** A preprocessor for one unit. */
export const newPreprocessor = (options: PreprocessOptions, report: Report): Preprocessor => new Preprocessor(options, report, RULES);
