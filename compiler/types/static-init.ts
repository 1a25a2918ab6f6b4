import { atFileScope, type Cx } from "./context.ts";
import type { ObjectSym, StaticInit, Sym } from "./typed.ts";

/** The initialiser of a static object, read when first wanted. */
export function initOf(cx: Cx, symbol: ObjectSym): StaticInit | undefined {
	const { file } = cx;
	const pending = file.initializers.get(symbol);
	if (pending) {
		file.initializers.delete(symbol);
		const refs = new Set<Sym>();
		atFileScope(
			cx,
			() => {
				const made = cx.rules.staticInit(cx, pending.ast, symbol.type, symbol.span);
				symbol.type = made.type;
				symbol.init = made.init;
			},
			refs,
		);
		for (const reloc of symbol.init?.relocs ?? []) refs.add(reloc.symbol);
		file.refs.set(symbol, refs);
	}
	return symbol.init;
}
