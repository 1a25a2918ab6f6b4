/** Does the packet fit an interface? (net/core/filter.c, bpf_check_mtu.) Sizes of interfaces are the environment's. */
import { errno } from "../errno.ts";
import { ethernetHeader } from "../programs/packet.ts";
import type { HelperFamily } from "./helper.ts";
import { signed } from "./helper.ts";

/** BPF_MTU_CHK_SEGS; XDP takes no flag at all. */
const SEGMENTS = 1;
/** BPF_MTU_CHK_RET_FRAG_NEEDED */
const TOO_LONG = 1;
const XDP = 6;

export const mtuHelpers: HelperFamily = {
	bpf_check_mtu: signed((m, _context, index, mtuLength, difference, flags) => {
		const { packet, program } = m.run ?? {};
		if (packet === null || packet === undefined) return -errno.EINVAL;
		const given = m.memory.view.getUint32(mtuLength >>> 0, true);
		const xdp = program?.image.type === XDP;
		if ((flags & ~(xdp ? 0 : SEGMENTS)) !== 0) return -errno.EINVAL;
		// Segments are checked by their own lengths, which leaves no room for another one.
		if (!xdp && (flags & SEGMENTS) !== 0 && (difference !== 0 || given !== 0)) return -errno.EINVAL;
		const mtu = m.environment.mtu(index >>> 0);
		if (mtu === null) return -errno.ENODEV;
		const length = (given === 0 ? packet.dataEnd - packet.data : given + ethernetHeader) + difference;
		m.memory.view.setUint32(mtuLength >>> 0, mtu, true);
		return length <= mtu + ethernetHeader ? 0 : TOO_LONG;
	}),
};
