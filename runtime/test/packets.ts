/**
 * Packets for tests, built from the outside in; lengths and checksums are filled in when the layers are put together.
 *
 *     packet(eth(), ipv4({ src: "10.0.0.1" }), tcp({ dport: 80 }), "GET /")
 *
 * Sources: IEEE 802.3, 802.1Q; RFC 791, 8200, 9293, 768, 792, 4443.
 */

export interface Layer {
	/** What the layer below says of this one: an EtherType or an IP protocol number. */
	readonly protocol: { readonly ethertype?: number; readonly ip?: number };
	/** The bytes, given the layers behind it (already built) and the IP layer in front of it. */
	build(payload: Uint8Array, below: Layer | null, above: Layer | null): Uint8Array;
	/** IP layers: the pseudo header of the transport checksum. */
	pseudo?(protocol: number, length: number): Uint8Array;
}

/** Bytes of all layers, the last of which may be text or bytes. */
export function packet(...parts: readonly (Layer | Uint8Array | string)[]): Uint8Array {
	const layers = parts.filter((part): part is Layer => typeof part === "object" && !(part instanceof Uint8Array));
	const tail = parts.slice(layers.length).map((part) => (typeof part === "string" ? new TextEncoder().encode(part) : (part as Uint8Array)));
	if (parts.slice(0, layers.length).some((part) => typeof part === "string" || part instanceof Uint8Array))
		throw new TypeError("payload goes behind all layers");
	let built = concat(tail);
	for (let i = layers.length - 1; i >= 0; i--) built = layers[i].build(built, layers[i - 1] ?? null, layers[i + 1] ?? null);
	return built;
}

/** Addresses as "02:00:00:00:00:01". */
export interface EthernetFields {
	readonly dst?: string;
	readonly src?: string;
	/** By the next layer when left out. */
	readonly type?: number;
}

/** An Ethernet header: 14 bytes. */
export function eth(fields: EthernetFields = {}): Layer {
	return {
		protocol: {},
		build: (payload, _below, above) =>
			concat([
				mac(fields.dst ?? "02:00:00:00:00:02"),
				mac(fields.src ?? "02:00:00:00:00:01"),
				be16(fields.type ?? above?.protocol.ethertype ?? 0),
				payload,
			]),
	};
}

/** An 802.1Q tag. */
export function vlan(fields: { readonly id: number; readonly priority?: number; readonly type?: number }): Layer {
	return {
		protocol: { ethertype: 0x8100 },
		build: (payload, _below, above) =>
			concat([be16(((fields.priority ?? 0) << 13) | fields.id), be16(fields.type ?? above?.protocol.ethertype ?? 0), payload]),
	};
}

/** Addresses as "10.0.0.1". */
export interface Ipv4Fields {
	readonly src?: string;
	readonly dst?: string;
	readonly ttl?: number;
	readonly tos?: number;
	readonly id?: number;
	readonly protocol?: number;
	/** Flags and fragment offset as one 16-bit number; 0x4000 is "don't fragment". */
	readonly fragment?: number;
	/** A multiple of 4 bytes. */
	readonly options?: Uint8Array;
	/** Instead of the right one. */
	readonly checksum?: number;
}

/** An IPv4 header: 20 bytes and the options. Length and checksum are the right ones. */
export function ipv4(fields: Ipv4Fields = {}): Layer {
	const options = fields.options ?? new Uint8Array(0);
	if (options.length % 4 !== 0 || options.length > 40) throw new TypeError("IPv4 options are a multiple of 4 bytes, at most 40");
	const [src, dst] = [address4(fields.src ?? "10.0.0.1"), address4(fields.dst ?? "10.0.0.2")];
	return {
		protocol: { ethertype: 0x0800, ip: 4 },
		build: (payload, _below, above) => {
			const length = 20 + options.length;
			const header = concat([
				new Uint8Array([0x40 | (length / 4), fields.tos ?? 0]),
				be16(length + payload.length),
				be16(fields.id ?? 0),
				be16(fields.fragment ?? 0x4000),
				new Uint8Array([fields.ttl ?? 64, fields.protocol ?? above?.protocol.ip ?? 255]),
				be16(0),
				src,
				dst,
				options,
			]);
			header.set(be16(fields.checksum ?? checksum(header)), 10);
			return concat([header, payload]);
		},
		pseudo: (protocol, length) => concat([src, dst, new Uint8Array([0, protocol]), be16(length)]),
	};
}

/** Addresses as "fd00::1". */
export interface Ipv6Fields {
	readonly src?: string;
	readonly dst?: string;
	readonly hopLimit?: number;
	readonly trafficClass?: number;
	readonly flowLabel?: number;
	readonly next?: number;
}

/** An IPv6 header: 40 bytes. */
export function ipv6(fields: Ipv6Fields = {}): Layer {
	const [src, dst] = [address6(fields.src ?? "fd00::1"), address6(fields.dst ?? "fd00::2")];
	return {
		protocol: { ethertype: 0x86dd, ip: 41 },
		build: (payload, _below, above) => {
			const first = (6 << 28) | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0);
			return concat([
				be32(first >>> 0),
				be16(payload.length),
				new Uint8Array([fields.next ?? above?.protocol.ip ?? 59, fields.hopLimit ?? 64]),
				src,
				dst,
				payload,
			]);
		},
		pseudo: (protocol, length) => concat([src, dst, be32(length), new Uint8Array([0, 0, 0, protocol])]),
	};
}

/** What is left out is a SYN to port 80. */
export interface TcpFields {
	readonly sport?: number;
	readonly dport?: number;
	readonly seq?: number;
	readonly ack?: number;
	/** Letters of "FSRPAUEC"; "S" when left out. */
	readonly flags?: string;
	readonly window?: number;
	readonly options?: Uint8Array;
	readonly checksum?: number;
}

/** A TCP header: 20 bytes and the options. @throws TypeError for options that do not fit */
export function tcp(fields: TcpFields = {}): Layer {
	const options = fields.options ?? new Uint8Array(0);
	if (options.length % 4 !== 0 || options.length > 40) throw new TypeError("TCP options are a multiple of 4 bytes, at most 40");
	const flags = [..."FSRPAUEC"].reduce((bits, letter, i) => ((fields.flags ?? "S").includes(letter) ? bits | (1 << i) : bits), 0);
	return {
		protocol: { ip: 6 },
		build: (payload, below) => {
			const segment = concat([
				be16(fields.sport ?? 49152),
				be16(fields.dport ?? 80),
				be32(fields.seq ?? 0),
				be32(fields.ack ?? 0),
				new Uint8Array([((20 + options.length) / 4) << 4, flags]),
				be16(fields.window ?? 65535),
				be16(0),
				be16(0),
				options,
				payload,
			]);
			segment.set(be16(fields.checksum ?? transportChecksum(below, 6, segment)), 16);
			return segment;
		},
	};
}

/** A UDP header: 8 bytes. Length and checksum are the right ones. */
export function udp(fields: { readonly sport?: number; readonly dport?: number; readonly checksum?: number } = {}): Layer {
	return {
		protocol: { ip: 17 },
		build: (payload, below) => {
			const datagram = concat([be16(fields.sport ?? 49152), be16(fields.dport ?? 53), be16(8 + payload.length), be16(0), payload]);
			// 0 means "no checksum"; one that comes out as 0 is sent as all ones.
			datagram.set(be16(fields.checksum ?? (transportChecksum(below, 17, datagram) || 0xffff)), 6);
			return datagram;
		},
	};
}

/** Echo request unless told otherwise; ICMPv6 behind IPv6. */
export function icmp(
	fields: { readonly type?: number; readonly code?: number; readonly rest?: number; readonly v6?: boolean } = {},
): Layer {
	return {
		protocol: { ip: fields.v6 ? 58 : 1 },
		build: (payload, below) => {
			const message = concat([
				new Uint8Array([fields.type ?? (fields.v6 ? 128 : 8), fields.code ?? 0]),
				be16(0),
				be32(fields.rest ?? 0),
				payload,
			]);
			message.set(be16(fields.v6 ? transportChecksum(below, 58, message) : checksum(message)), 2);
			return message;
		},
	};
}

/** ARP request for an IPv4 address. */
export function arp(fields: { readonly sender?: string; readonly target?: string; readonly operation?: number } = {}): Layer {
	return {
		protocol: { ethertype: 0x0806 },
		build: (payload) =>
			concat([
				be16(1),
				be16(0x0800),
				new Uint8Array([6, 4]),
				be16(fields.operation ?? 1),
				mac("02:00:00:00:00:01"),
				address4(fields.sender ?? "10.0.0.1"),
				mac("00:00:00:00:00:00"),
				address4(fields.target ?? "10.0.0.2"),
				payload,
			]),
	};
}

/** RFC 1071. */
export function checksum(bytes: Uint8Array): number {
	let sum = 0;
	for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}

function transportChecksum(below: Layer | null, protocol: number, segment: Uint8Array): number {
	const pseudo = below?.pseudo?.(protocol, segment.length);
	return pseudo === undefined ? 0 : checksum(concat([pseudo, segment]));
}

/** Bytes one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
	const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out;
}

function be16(value: number): Uint8Array {
	return new Uint8Array([(value >>> 8) & 255, value & 255]);
}

function be32(value: number): Uint8Array {
	return new Uint8Array([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
}

function mac(text: string): Uint8Array {
	const bytes = text.split(":").map((part) => Number.parseInt(part, 16));
	if (bytes.length !== 6 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) throw new TypeError(`"${text}" is no MAC address`);
	return new Uint8Array(bytes);
}

function address4(text: string): Uint8Array {
	const bytes = text.split(".").map(Number);
	if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) throw new TypeError(`"${text}" is no IPv4 address`);
	return new Uint8Array(bytes);
}

function address6(text: string): Uint8Array {
	const [head, tail] = text.split("::");
	const words = (part: string | undefined): number[] =>
		part === undefined || part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
	const [front, back] = [words(head), words(tail)];
	const missing = 8 - front.length - back.length;
	const all = tail === undefined ? front : [...front, ...Array.from({ length: Math.max(0, missing) }, () => 0), ...back];
	if (all.length !== 8 || all.some((word) => !(word >= 0 && word <= 0xffff))) throw new TypeError(`"${text}" is no IPv6 address`);
	return concat(all.map(be16));
}
