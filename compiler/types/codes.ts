/**
 * The checker's diagnostics, one row each: stable code, severity, clang's warning group where it has one, and what it is about.
 * A row of severity "error" that has a group is an error only by default, as in clang 19: `-Wno-error=GROUP` makes it a warning.
 */
export interface CodeRow {
	readonly code: string;
	readonly severity: "error" | "warning";
	readonly group?: string;
	/** Off unless its group (or -Wall, -Wextra, -Weverything) turns it on. */
	readonly off?: true;
	readonly title: string;
}

const error = (code: string, title: string, group?: string): CodeRow => ({ code, severity: "error", title, group });
const warning = (code: string, group: string, title: string, off?: true): CodeRow => ({ code, severity: "warning", group, title, ...(off ? { off } : {}) });

export const CODES = {
	// names
	undeclared: error("E0301", "use of an identifier that nothing declares"),
	implicitFunction: error("E0302", "call of a function that nothing declares", "implicit-function-declaration"),
	unknownType: error("E0303", "a name is used as a type but declares none"),
	redefinition: error("E0304", "the same name is defined twice"),
	conflictingTypes: error("E0305", "two declarations of one name disagree about its type"),
	wrongTag: error("E0306", "a tag is used with another of struct, union, enum than it was declared with"),
	linkageConflict: error("E0307", "a static declaration follows a non-static one, or the reverse"),
	undefinedStatic: warning("W0308", "undefined-internal", "a static function is used but never defined"),
	// types
	incompleteType: error("E0310", "an object, member or expression needs the size of an incomplete type"),
	badSpecifiers: error("E0311", "declaration specifiers that do not go together"),
	implicitInt: error("E0312", "a declaration without a type", "implicit-int"),
	badArrayLength: error("E0313", "an array length that is negative, too large or no integer"),
	badArrayElement: error("E0314", "an array of functions, void or incomplete elements"),
	badFunctionResult: error("E0315", "a function that returns a function or an array"),
	duplicateMember: error("E0316", "two members of one record share a name"),
	badBitField: error("E0317", "a bit-field of a bad type or width"),
	emptyDeclaration: warning("W0325", "missing-declarations", "a declaration that declares nothing"),
	badMember: error("E0318", "a member of function or incomplete type"),
	staticAssert: error("E0319", "a _Static_assert whose condition is false"),
	badAttribute: error("E0320", "an attribute whose arguments make no sense"),
	unknownAttribute: warning("W0321", "unknown-attributes", "an attribute that the compiler does not know"),
	badAlignment: error("E0322", "an alignment that is not a power of two"),
	enumRange: error("E0323", "an enumerator that no integer type can hold"),
	autoType: error("E0324", "__auto_type without an initialiser to deduce from"),
	// expressions
	notLvalue: error("E0330", "an operand that must be an lvalue is none"),
	constAssign: error("E0331", "assignment to something const"),
	badOperands: error("E0332", "operands of the wrong types for an operator"),
	notCallable: error("E0333", "a call of something that is no function"),
	tooFewArgs: error("E0334", "fewer arguments than parameters"),
	tooManyArgs: error("E0335", "more arguments than parameters"),
	noMember: error("E0336", "a member that the record does not have"),
	notRecord: error("E0337", "a member access into something that is no struct or union"),
	wrongArrow: error("E0338", "`.` on a pointer or `->` on a record"),
	badDereference: error("E0339", "indirection through something that is no pointer"),
	badCast: error("E0340", "a cast to or from a type that is not scalar"),
	notConstant: error("E0341", "an expression that must be constant is not"),
	notInteger: error("E0342", "an expression that must be an integer is not"),
	notScalar: error("E0343", "a condition that is neither arithmetic nor a pointer"),
	bitFieldAddress: error("E0344", "the address, size or alignment of a bit-field"),
	registerAddress: error("E0345", "the address of a register variable"),
	genericMatch: error("E0346", "no, or more than one, association of _Generic fits"),
	voidValue: error("E0347", "a void expression whose value is used"),
	unknownEscape: warning("W0345", "unknown-escape-sequence", "an escape sequence that C does not know"),
	voidDereference: warning("W0338", "void-ptr-dereference", "indirection through a void pointer"),
	conditionalMismatch: warning("W0339", "conditional-type-mismatch", "the arms of a conditional are a pointer and an integer"),
	badLiteral: error("E0348", "a number, character or string literal that is malformed"),
	intConversion: error("E0349", "an integer where a pointer is wanted, or the reverse", "int-conversion"),
	incompatible: error("E0350", "a value whose type does not fit where it goes"),
	functionPointer: error("E0351", "a function pointer of another type than wanted", "incompatible-function-pointer-types"),
	incompatiblePointer: warning("W0352", "incompatible-pointer-types", "a pointer to another type than wanted"),
	discardsQualifiers: warning("W0353", "incompatible-pointer-types-discards-qualifiers", "a conversion that loses const or volatile"),
	pointerSign: warning("W0354", "pointer-sign", "a pointer to an integer of the other signedness"),
	compareDistinct: warning("W0355", "compare-distinct-pointer-types", "a comparison of pointers to different types"),
	pointerIntegerCompare: warning("W0356", "pointer-integer-compare", "a comparison between a pointer and an integer"),
	divisionByZero: warning("W0357", "division-by-zero", "a division by a constant zero"),
	shiftCount: warning("W0358", "shift-count-overflow", "a shift by as many bits as the type has, or more"),
	shiftNegative: warning("W0359", "shift-count-negative", "a shift by a negative count"),
	pointerTypeMismatch: warning("W0360", "pointer-type-mismatch", "the arms of a conditional are pointers to different types"),
	constantConversion: warning("W0361", "constant-conversion", "a constant that its new type cannot hold"),
	integerOverflow: warning("W0362", "integer-overflow", "a constant expression that overflows"),
	unusedValue: warning("W0363", "unused-value", "a statement whose value nobody uses"),
	intToPointerCast: warning("W0364", "int-to-pointer-cast", "a cast to a pointer from a smaller integer"),
	pointerToIntCast: warning("W0365", "pointer-to-int-cast", "a cast from a pointer to a smaller integer"),
	literalRange: warning("W0366", "implicitly-unsigned-literal", "a decimal literal too large for any signed type"),
	unusedResult: warning("W0367", "unused-result", "the result of a warn_unused_result function is dropped"),
	deprecated: warning("W0368", "deprecated-declarations", "use of something marked deprecated"),
	// initialisers
	badInit: error("E0370", "an initialiser that does not fit the type"),
	excessInit: warning("W0371", "excess-initializers", "more initialisers than there are elements"),
	stringTooLong: warning("W0372", "excess-initializers", "a string longer than the array it initialises"),
	overriddenInit: warning("W0373", "initializer-overrides", "a later initialiser replaces an earlier one"),
	badDesignator: error("E0374", "a designator that names nothing"),
	// statements
	duplicateCase: error("E0380", "two cases of one switch have the same value"),
	strayCase: error("E0381", "case or default outside a switch"),
	strayBreak: error("E0382", "break or continue outside a loop or switch"),
	undeclaredLabel: error("E0383", "a goto to a label that does not exist"),
	duplicateLabel: error("E0384", "a label defined twice"),
	returnValue: error("E0385", "a return with a value from a void function, or without one from another", "return-mismatch"),
	missingReturn: warning("W0386", "return-type", "control reaches the end of a function that returns a value"),
	emptyRange: warning("W0387", "empty-range", "a case range that holds nothing"),
	badSwitch: error("E0388", "a switch over something that is no integer"),
	badAsm: error("E0389", "inline assembly whose operands do not fit"),
	unusedLabel: warning("W0390", "unused-label", "a label that no goto names", true),
	unusedVariable: warning("W0391", "unused-variable", "a local variable that nothing reads", true),
	unusedFunction: warning("W0392", "unused-function", "a static function that nothing calls", true),
	uninitialized: warning("W0394", "uninitialized", "a variable that initialises itself", true),
	unusedParameter: warning("W0395", "unused-parameter", "a parameter that nothing reads", true),
	// what eBPF cannot do
	noFloat: error("E0401", "floating-point arithmetic"),
	noVla: error("E0402", "an array whose length is only known at run time"),
	noVarargs: error("E0403", "a function that takes variable arguments, or va_list"),
	noNested: error("E0404", "a function defined inside another"),
	noAlloca: error("E0405", "a stack allocation whose size is only known at run time"),
	noThreadLocal: error("E0406", "thread-local storage"),
	noBuiltin: error("E0407", "a builtin that eBPF cannot provide"),
	noComplex: error("E0408", "complex numbers"),
	noFileAsm: error("E0409", "assembly at file scope that is not understood"),
	badBuiltin: error("E0410", "a builtin with the wrong arguments"),
	limit: error("E0411", "a limit of the compiler"),
} as const satisfies Record<string, CodeRow>;

export type CodeName = keyof typeof CODES;
