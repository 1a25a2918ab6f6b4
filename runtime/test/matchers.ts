/**
 * Matchers for vitest and jest over the outcome of a run: `expect.extend(matchers)`, then
 *
 *     expect(programs.filter.run({ packet })).toDrop();
 */
import type { RunOutput } from "../programs/run.ts";

interface MatcherResult {
	readonly pass: boolean;
	message(): string;
}

const xdpNames = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];

function verdict(wanted: number): (received: RunOutput) => MatcherResult {
	return (received) => returns(received, wanted, xdpNames[wanted]);
}

function returns(received: RunOutput, wanted: number, name: string): MatcherResult {
	return {
		pass: received.retval === wanted,
		message: () => `expected the program ${received.retval === wanted ? "not " : ""}to return ${name} (${wanted}); it returned ${xdpNames[received.retval] ?? "another value"} (${received.retval})`,
	};
}

/** For `expect.extend`; what they are given is the output of `run`. */
export const matchers = {
	toAbort: verdict(0),
	toDrop: verdict(1),
	toPass: verdict(2),
	toTransmit: verdict(3),
	toRedirect: (received: RunOutput, index?: number): MatcherResult => {
		const went = received.retval === 4 || received.retval === 7;
		const place = received.redirect?.index;
		return {
			pass: went && (index === undefined || place === index),
			message: () => `expected a redirection${index === undefined ? "" : ` to ${index}`}; the program returned ${received.retval}${place === undefined ? "" : `, to ${place}`}`,
		};
	},
	toReturn: (received: RunOutput, value: number): MatcherResult => returns(received, value, "the value"),
	/** The packet after the run, byte by byte. */
	toLeavePacket: (received: RunOutput, wanted: Uint8Array): MatcherResult => {
		const got = received.packet ?? new Uint8Array(0);
		const at = wanted.findIndex((byte, i) => got[i] !== byte);
		const same = got.length === wanted.length && at < 0;
		return {
			pass: same,
			message: () => (same ? "expected another packet" : at < 0 ? `expected ${wanted.length} bytes, got ${got.length}` : `expected byte ${at} to be 0x${wanted[at].toString(16)}, got ${got[at] === undefined ? "the end" : `0x${got[at].toString(16)}`}`),
		};
	},
};

/** For `declare module "vitest"`. */
export interface PacketMatchers<R = unknown> {
	toAbort(): R;
	toDrop(): R;
	toPass(): R;
	toTransmit(): R;
	toRedirect(index?: number): R;
	toReturn(value: number): R;
	toLeavePacket(wanted: Uint8Array): R;
}
