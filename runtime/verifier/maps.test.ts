/** What a map's type says of its values, and what is said of a call before its arguments. */
import { expect, it } from "vitest";
import { parseInsns } from "../../assembler/text/parse.ts";
import { bareImage } from "../../test/support/image.ts";
import { emptyMap } from "../loader/placed-map.ts";
import { verify } from "./index.ts";

const XDP = 6;
const DEVMAP = 14, DEVMAP_HASH = 25, HASH = 1, RINGBUF = 27;

function message(type: number, text: string): string {
	const { insns, errors } = parseInsns(text);
	if (errors.length > 0) throw new Error(errors[0].message);
	const map = { ...emptyMap("m", null), type, keySize: 4, valueSize: 4, maxEntries: 4 };
	const answer = verify(bareImage("p", insns, { type: XDP, maps: [map] }));
	return answer.verdict === "accept" ? "accept" : answer.rejection.message;
}

const lookedUp = (use: string): string => `
	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = map_fd(0, 0) ll
	call 1
	if r0 == 0 goto +1
	${use}
	r0 = 2
	exit`;

it.each([DEVMAP, DEVMAP_HASH])("a device map (type %d) is read and not written", (type) => {
	expect(message(type, lookedUp("r1 = *(u32 *)(r0 + 0)"))).toBe("accept");
	expect(message(type, lookedUp("*(u32 *)(r0 + 0) = 5"))).toBe("write into map forbidden, value_size=4 off=0 size=4");
	expect(message(HASH, lookedUp("*(u32 *)(r0 + 0) = 5"))).toBe("accept");
});

it("an offset that no value has is refused before the type that has no addresses", () => {
	expect(message(RINGBUF, "r1 = map_value(0, -1) ll\nr0 = 2\nexit")).toBe("direct value offset of 4294967295 is not allowed");
	expect(message(RINGBUF, "r1 = map_value(0, 0) ll\nr0 = 2\nexit")).toBe("no direct value access support for this map type");
});

it("helper 0 has a name and is in no program type", () => {
	expect(message(HASH, "call 0\nr0 = 2\nexit")).toBe("program of this type cannot use helper bpf_unspec#0");
	expect(message(HASH, "call 100000\nr0 = 2\nexit")).toBe("invalid func unknown#100000");
});
