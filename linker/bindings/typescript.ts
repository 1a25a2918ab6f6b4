/**
 * An object's types for TypeScript: a declaration file, and a module with a codec for each type.
 *
 * In: the model. Out: the texts of `x.d.ts` and `x.js`. The module is data (a descriptor per type) and one small interpreter of it;
 * names from the object appear in it only as quoted strings. 64-bit numbers are bigint. Padding is written as zeros, and `padding(bytes)`
 * tells whether it is zero, which is how a hash key with rubbish between its fields is found.
 */
import type { Field, ObjectModel, Shape } from "./model.ts";
import { wordSet } from "../../assembler/words.ts";

/** The texts of `x.d.ts` and `x.js`. */
export interface TypeScriptBindings {
	readonly declarations: string;
	readonly module: string;
}

const RESERVED = wordSet(`
	Codec MapInfo Uint8Array codecs maps globals break case catch class const continue debugger default delete do
	else enum export extends false finally for function if import in instanceof interface new null return super
	switch this throw true try typeof var void while with yield let static await number string boolean bigint any
	unknown never object symbol undefined type
`);
const typeName = (name: string): string => (RESERVED.has(name) ? `${name}_` : name);
const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name));

/** A module that loads the object, and its declarations: programs, maps and variables with types of their own. @param title what the texts call the object */
export function typescriptBindings(model: ObjectModel, title: string): TypeScriptBindings {
	return { declarations: declarations(model, title), module: module(model, title) };
}

const quote = (text: string): string =>
	JSON.stringify(text).replace(/[\u2028\u2029<]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
/** A comment's end in a name must not end the comment. */
const comment = (text: string): string => text.replace(/\*\//g, "* /").replace(/[\r\n\u2028\u2029]/g, " ");

function tsType(shape: Shape): string {
	switch (shape.kind) {
		case "int":
			return shape.bool ? "boolean" : shape.size > 4 ? "bigint" : "number";
		case "float":
			return "number";
		case "pointer":
			return "bigint";
		case "enum":
			return shape.size > 4 ? "bigint" : "number";
		case "text":
			return "string";
		case "bytes":
			return "Uint8Array";
		case "array":
			return `readonly ${/^[\w$]+$/.test(tsType(shape.element)) ? tsType(shape.element) : `(${tsType(shape.element)})`}[]`;
		case "record":
			return typeName(shape.name);
		default:
			return shape satisfies never;
	}
}

function declarations(model: ObjectModel, title: string): string {
	let text = `// Types of ${comment(title)}, made by ebpfcc from its BTF.\n\n`;
	text += `/** Bytes to values and back. Encoding zeroes padding; decoding needs exactly \`size\` bytes. */
export interface Codec<T> {
	readonly size: number;
	decode(bytes: Uint8Array): T;
	encode(value: T): Uint8Array;
	/** Offsets of padding bytes that are not zero. */
	padding(bytes: Uint8Array): number[];
}

export interface MapInfo<K, V> {
	readonly type: number | undefined;
	readonly maxEntries: number | undefined;
	readonly key: Codec<K>;
	readonly value: Codec<V>;
}

`;
	for (const { name, values } of model.enums) {
		text += `export declare const ${typeName(name)}: {\n`;
		for (const value of values)
			text += `\treadonly ${property(value.name)}: ${typeof value.value === "bigint" ? `${value.value}n` : value.value};\n`;
		text += "};\n\n";
	}
	for (const record of model.records) {
		text += `/** ${record.union ? "union" : "struct"}, ${record.size} bytes${record.padding.length > 0 ? `; padding at ${record.padding.map((p) => p.offset).join(", ")}` : ""}. */\nexport interface ${typeName(record.name)} {\n`;
		// Of fields that share bytes, one is given when encoding.
		for (const field of record.fields) text += `\treadonly ${property(field.name)}${field.overlaps ? "?" : ""}: ${fieldType(field)};\n`;
		text += `}\nexport declare const ${typeName(record.name)}: Codec<${typeName(record.name)}>;\n\n`;
	}
	text += "export declare const maps: {\n";
	for (const { name, key, value } of model.maps)
		text += `\treadonly ${property(name)}: MapInfo<${key ? tsType(key) : "undefined"}, ${value ? tsType(value) : "undefined"}>;\n`;
	text += "};\n\nexport declare const globals: {\n";
	for (const { name, shape } of model.globals)
		text += `\treadonly ${property(name)}: { readonly section: string; readonly offset: number } & Codec<${tsType(shape)}>;\n`;
	return `${text}};\n`;
}

function fieldType(field: Field): string {
	if (field.bits) return field.shape.kind === "int" && field.shape.bool ? "boolean" : field.bits.size > 32 ? "bigint" : "number";
	return tsType(field.shape);
}

/** A shape as data for the interpreter: kind first. */
function descriptor(shape: Shape): string {
	switch (shape.kind) {
		case "int":
			return `["${shape.bool ? "bool" : shape.signed ? "s" : "u"}", ${shape.size}]`;
		case "enum":
			return `["${shape.signed ? "s" : "u"}", ${shape.size}]`;
		case "pointer":
			return `["u", ${shape.size}]`;
		case "float":
		case "text":
		case "bytes":
			return `["${shape.kind}", ${shape.size}]`;
		case "array":
			return `["array", ${shape.size}, ${shape.length}, ${descriptor(shape.element)}]`;
		case "record":
			return `["record", ${shape.size}, ${quote(shape.name)}]`;
		default:
			return shape satisfies never;
	}
}

function module(model: ObjectModel, title: string): string {
	let text = `// Codecs of ${comment(title)}, made by ebpfcc from its BTF.\n`;
	text += "// A field: name, offset, shape, bits or null, overlaps. A shape: kind, size, and what it is made of.\n";
	text += "const records = new Map([\n";
	for (const { name, size, fields, padding } of model.records) {
		text += `\t[${quote(name)}, { size: ${size}, padding: ${JSON.stringify(padding.map((p) => [p.offset, p.size]))}, fields: [\n`;
		for (const field of fields)
			text += `\t\t[${quote(field.name)}, ${field.offset}, ${descriptor(field.shape)}, ${field.bits ? `[${field.bits.offset}, ${field.bits.size}]` : "null"}, ${field.overlaps}],\n`;
		text += "\t] }],\n";
	}
	text += `]);\n${INTERPRETER}\n`;
	// Exported by another name than the module's own, so that no C name can collide with the interpreter's.
	const exported = (index: number, name: string, value: string): string =>
		`const $${index} = ${value};\nexport { $${index} as ${typeName(name)} };\n`;
	model.enums.forEach(({ name, values }, i) => {
		text += exported(
			i,
			name,
			`Object.freeze({ ${values.map((v) => `[${quote(v.name)}]: ${typeof v.value === "bigint" ? `${v.value}n` : v.value}`).join(", ")} })`,
		);
	});
	model.records.forEach(({ name, size }, i) => {
		text += exported(model.enums.length + i, name, `codec(["record", ${size}, ${quote(name)}])`);
	});
	text += "export const maps = {\n";
	for (const { name, type, maxEntries, key, value } of model.maps)
		text += `\t[${quote(name)}]: { type: ${type}, maxEntries: ${maxEntries}, key: ${key ? `codec(${descriptor(key)})` : "nothing"}, value: ${value ? `codec(${descriptor(value)})` : "nothing"} },\n`;
	text += "};\nexport const globals = {\n";
	for (const { name, section, offset, shape } of model.globals)
		text += `\t[${quote(name)}]: { section: ${quote(section)}, offset: ${offset}, ...codec(${descriptor(shape)}) },\n`;
	return `${text}};\n`;
}

const INTERPRETER = `const text = new TextDecoder();
const utf8 = new TextEncoder();

function readBits(view, bit, count) {
	let value = 0n;
	for (let i = count - 1; i >= 0; i--) value = (value << 1n) | BigInt((view.getUint8((bit + i) >> 3) >> ((bit + i) & 7)) & 1);
	return value;
}

function writeBits(view, bit, count, value) {
	for (let i = 0; i < count; i++, value >>= 1n) {
		const at = (bit + i) >> 3;
		const mask = 1 << ((bit + i) & 7);
		view.setUint8(at, value & 1n ? view.getUint8(at) | mask : view.getUint8(at) & ~mask);
	}
}

function read([kind, size, a, b], view, at) {
	switch (kind) {
		case "bool": return view.getUint8(at) !== 0;
		case "u": case "s": {
			const value = readBits(view, at * 8, size * 8);
			const signed = kind === "s" ? BigInt.asIntN(size * 8, value) : value;
			return size > 4 ? signed : Number(signed);
		}
		case "float": return size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
		case "bytes": return new Uint8Array(view.buffer.slice(view.byteOffset + at, view.byteOffset + at + size));
		case "text": {
			const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
			const end = bytes.indexOf(0);
			return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
		}
		case "array": return Array.from({ length: a }, (_, i) => read(b, view, at + i * b[1]));
		default: {
			const value = {};
			for (const [name, offset, shape, bits] of records.get(a).fields) {
				let item;
				if (bits === null) item = read(shape, view, at + offset);
				else {
					const raw = readBits(view, at * 8 + bits[0], bits[1]);
					const signed = shape[0] === "s" ? BigInt.asIntN(bits[1], raw) : raw;
					item = shape[0] === "bool" ? raw !== 0n : bits[1] > 32 ? signed : Number(signed);
				}
				Object.defineProperty(value, name, { value: item, enumerable: true, writable: true, configurable: true });
			}
			return value;
		}
	}
}

function write([kind, size, a, b], view, at, value) {
	const whole = (bits) => {
		const number = typeof value === "boolean" ? BigInt(value) : BigInt(value);
		if (BigInt.asIntN(bits, number) !== number && BigInt.asUintN(bits, number) !== number) throw new RangeError(\`\${number} does not fit \${bits} bits\`);
		return number;
	};
	switch (kind) {
		case "bool": view.setUint8(at, value ? 1 : 0); break;
		case "u": case "s": writeBits(view, at * 8, size * 8, whole(size * 8)); break;
		case "float": if (size === 4) view.setFloat32(at, value, true); else view.setFloat64(at, value, true); break;
		case "text": case "bytes": {
			const bytes = kind === "text" && typeof value === "string" ? utf8.encode(value) : Uint8Array.from(value);
			if (bytes.length > size) throw new RangeError(\`\${bytes.length} bytes do not fit \${size}\`);
			new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0);
			new Uint8Array(view.buffer, view.byteOffset + at, size).set(bytes);
			break;
		}
		case "array":
			if (value.length !== a) throw new RangeError(\`expected \${a} elements, not \${value.length}\`);
			for (let i = 0; i < a; i++) write(b, view, at + i * b[1], value[i]);
			break;
		default:
			for (const [name, offset, shape, bits, overlaps] of records.get(a).fields) {
				const item = Object.hasOwn(value, name) ? value[name] : undefined;
				if (item === undefined) {
					if (overlaps) continue;
					throw new TypeError(\`field \${name} of \${a} is missing\`);
				}
				if (bits === null) write(shape, view, at + offset, item);
				else {
					const number = BigInt(item);
					if (BigInt.asIntN(bits[1], number) !== number && BigInt.asUintN(bits[1], number) !== number) throw new RangeError(\`\${name}: \${number} does not fit \${bits[1]} bits\`);
					writeBits(view, at * 8 + bits[0], bits[1], number);
				}
			}
	}
}

function rubbish([kind, , a, b], bytes, at, out) {
	if (kind === "array") for (let i = 0; i < a; i++) rubbish(b, bytes, at + i * b[1], out);
	if (kind !== "record") return out;
	const { padding, fields } = records.get(a);
	for (const [offset, size] of padding) for (let i = at + offset; i < at + offset + size; i++) if (bytes[i] !== 0) out.push(i);
	// In a union the padding of one member is data of another.
	for (const [, offset, shape, , overlaps] of fields) if (!overlaps) rubbish(shape, bytes, at + offset, out);
	return out;
}

function codec(shape) {
	const size = shape[1];
	const check = (bytes) => {
		if (bytes.length !== size) throw new RangeError(\`expected \${size} bytes, not \${bytes.length}\`);
		return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	};
	return {
		size,
		decode: (bytes) => read(shape, check(bytes), 0),
		encode: (value) => {
			const bytes = new Uint8Array(size);
			write(shape, check(bytes), 0, value);
			return bytes;
		},
		padding: (bytes) => (check(bytes), rubbish(shape, bytes, 0, [])),
	};
}
const nothing = { size: 0, decode: () => undefined, encode: () => new Uint8Array(0), padding: () => [] };
`;
