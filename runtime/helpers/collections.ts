/**
 * Lists and trees of allocated objects (kernel/bpf/helpers.c bpf_list_*, bpf_rbtree_*). The order is kept beside the memory, by the address of the head or root;
 * nodes are addresses inside the objects. A node is in one collection at most.
 */
import { errno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import type { HelperImplementation } from "./helper.ts";
import { signed, unsigned } from "./helper.ts";

interface Collections {
	readonly members: Map<number, number[]>;
	/** Head or root that a node is in. */
	readonly owner: Map<number, number>;
}

const all = new WeakMap<Machine, Collections>();

function of(m: Machine): Collections {
	const known = all.get(m);
	if (known !== undefined) return known;
	const made: Collections = { members: new Map(), owner: new Map() };
	all.set(m, made);
	return made;
}

function membersOf(m: Machine, head: number): number[] {
	const { members } = of(m);
	const known = members.get(head >>> 0);
	if (known !== undefined) return known;
	const made: number[] = [];
	members.set(head >>> 0, made);
	return made;
}

/** −EINVAL when the node is in a collection already: the object is dropped, as the kernel does. */
function insert(m: Machine, head: number, node: number, at: (list: readonly number[]) => number): number {
	const { owner } = of(m);
	if (owner.has(node >>> 0)) return -errno.EINVAL;
	const list = membersOf(m, head);
	list.splice(at(list), 0, node >>> 0);
	owner.set(node >>> 0, head >>> 0);
	return 0;
}

function take(m: Machine, head: number, at: number): number {
	const list = membersOf(m, head);
	const [node] = list.splice(at, 1);
	if (node === undefined) return 0;
	of(m).owner.delete(node);
	return node;
}

/** The tree is a sorted list; a neighbour in it stands for a child. */
export const collections: Readonly<Record<string, HelperImplementation>> = {
	bpf_list_push_front_impl: signed((m, head, node) => insert(m, head, node, () => 0)),
	bpf_list_push_back_impl: signed((m, head, node) => insert(m, head, node, (list) => list.length)),
	bpf_list_pop_front: unsigned((m, head) => take(m, head, 0)),
	bpf_list_pop_back: unsigned((m, head) => take(m, head, membersOf(m, head).length - 1)),
	bpf_list_front: unsigned((m, head) => membersOf(m, head)[0] ?? 0),
	bpf_list_back: unsigned((m, head) => membersOf(m, head).at(-1) ?? 0),
	bpf_rbtree_add_impl: signed((m, root, node, less) =>
		insert(m, root, node, (list) => {
			const at = list.findIndex((other) => m.call(less, node, other) !== 0);
			return at < 0 ? list.length : at;
		}),
	),
	bpf_rbtree_first: unsigned((m, root) => membersOf(m, root)[0] ?? 0),
	bpf_rbtree_remove: unsigned((m, root, node) => {
		const at = membersOf(m, root).indexOf(node >>> 0);
		return at < 0 ? 0 : take(m, root, at);
	}),
	bpf_rbtree_root: unsigned((m, root) => membersOf(m, root)[membersOf(m, root).length >> 1] ?? 0),
	bpf_rbtree_left: unsigned((m, root, node) => child(m, root, node, -1)),
	bpf_rbtree_right: unsigned((m, root, node) => child(m, root, node, 1)),
};

/** Children in the balanced tree over the sorted list: the middles of the halves. */
function child(m: Machine, root: number, node: number, side: -1 | 1): number {
	const list = membersOf(m, root);
	const wanted = list.indexOf(node >>> 0);
	let [low, high] = [0, list.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (middle === wanted) {
			const [from, to] = side < 0 ? [low, middle] : [middle + 1, high];
			return from < to ? list[(from + to) >> 1] : 0;
		}
		if (wanted < middle) high = middle;
		else low = middle + 1;
	}
	return 0;
}
