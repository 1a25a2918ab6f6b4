/** `ebpfcc/runtime/test`: packets to feed to programs, and matchers for what they do with them. */
export { matchers, type PacketMatchers } from "./matchers.ts";
export * from "./packets.ts";
export { type CapturedPacket, readPcap } from "./pcap.ts";
