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
	undeclared: error("E0201", "use of an identifier that nothing declares"),
	implicitFunction: error("E0202", "call of a function that nothing declares", "implicit-function-declaration"),
	unknownType: error("E0203", "a name is used as a type but declares none"),
	redefinition: error("E0204", "the same name is defined twice"),
	conflictingTypes: error("E0205", "two declarations of one name disagree about its type"),
	wrongTag: error("E0206", "a tag is used with another of struct, union, enum than it was declared with"),
	linkageConflict: error("E0207", "a static declaration follows a non-static one, or the reverse"),
	undefinedStatic: warning("W0208", "undefined-internal", "a static function is used but never defined"),
	// types
	incompleteType: error("E0210", "an object, member or expression needs the size of an incomplete type"),
	badSpecifiers: error("E0211", "declaration specifiers that do not go together"),
	implicitInt: error("E0212", "a declaration without a type", "implicit-int"),
	badArrayLength: error("E0213", "an array length that is negative, too large or no integer"),
	badArrayElement: error("E0214", "an array of functions, void or incomplete elements"),
	badFunctionResult: error("E0215", "a function that returns a function or an array"),
	duplicateMember: error("E0216", "two members of one record share a name"),
	badBitField: error("E0217", "a bit-field of a bad type or width"),
	badMember: error("E0218", "a member of function or incomplete type"),
	staticAssert: error("E0219", "a _Static_assert whose condition is false"),
	badAttribute: error("E0220", "an attribute whose arguments make no sense"),
	unknownAttribute: warning("W0221", "unknown-attributes", "an attribute that the compiler does not know"),
	badAlignment: error("E0222", "an alignment that is not a power of two"),
	enumRange: error("E0223", "an enumerator that no integer type can hold"),
	autoType: error("E0224", "__auto_type without an initialiser to deduce from"),
	// expressions
	notLvalue: error("E0230", "an operand that must be an lvalue is none"),
	constAssign: error("E0231", "assignment to something const"),
	badOperands: error("E0232", "operands of the wrong types for an operator"),
	notCallable: error("E0233", "a call of something that is no function"),
	tooFewArgs: error("E0234", "fewer arguments than parameters"),
	tooManyArgs: error("E0235", "more arguments than parameters"),
	noMember: error("E0236", "a member that the record does not have"),
	notRecord: error("E0237", "a member access into something that is no struct or union"),
	wrongArrow: error("E0238", "`.` on a pointer or `->` on a record"),
	badDereference: error("E0239", "indirection through something that is no pointer"),
	badCast: error("E0240", "a cast to or from a type that is not scalar"),
	notConstant: error("E0241", "an expression that must be constant is not"),
	notInteger: error("E0242", "an expression that must be an integer is not"),
	notScalar: error("E0243", "a condition that is neither arithmetic nor a pointer"),
	bitFieldAddress: error("E0244", "the address, size or alignment of a bit-field"),
	registerAddress: error("E0245", "the address of a register variable"),
	genericMatch: error("E0246", "no, or more than one, association of _Generic fits"),
	voidValue: error("E0247", "a void expression whose value is used"),
	badLiteral: error("E0248", "a number, character or string literal that is malformed"),
	intConversion: error("E0249", "an integer where a pointer is wanted, or the reverse", "int-conversion"),
	incompatible: error("E0250", "a value whose type does not fit where it goes"),
	functionPointer: error("E0251", "a function pointer of another type than wanted", "incompatible-function-pointer-types"),
	incompatiblePointer: warning("W0252", "incompatible-pointer-types", "a pointer to another type than wanted"),
	discardsQualifiers: warning("W0253", "incompatible-pointer-types-discards-qualifiers", "a conversion that loses const or volatile"),
	pointerSign: warning("W0254", "pointer-sign", "a pointer to an integer of the other signedness"),
	compareDistinct: warning("W0255", "compare-distinct-pointer-types", "a comparison of pointers to different types"),
	pointerIntegerCompare: warning("W0256", "pointer-integer-compare", "a comparison between a pointer and an integer"),
	divisionByZero: warning("W0257", "division-by-zero", "a division by a constant zero"),
	shiftCount: warning("W0258", "shift-count-overflow", "a shift by as many bits as the type has, or more"),
	shiftNegative: warning("W0259", "shift-count-negative", "a shift by a negative count"),
	pointerTypeMismatch: warning("W0260", "pointer-type-mismatch", "the arms of a conditional are pointers to different types"),
	constantConversion: warning("W0261", "constant-conversion", "a constant that its new type cannot hold"),
	integerOverflow: warning("W0262", "integer-overflow", "a constant expression that overflows"),
	unusedValue: warning("W0263", "unused-value", "a statement whose value nobody uses"),
	intToPointerCast: warning("W0264", "int-to-pointer-cast", "a cast to a pointer from a smaller integer"),
	pointerToIntCast: warning("W0265", "pointer-to-int-cast", "a cast from a pointer to a smaller integer"),
	literalRange: warning("W0266", "implicitly-unsigned-literal", "a decimal literal too large for any signed type"),
	unusedResult: warning("W0267", "unused-result", "the result of a warn_unused_result function is dropped"),
	deprecated: warning("W0268", "deprecated-declarations", "use of something marked deprecated"),
	// initialisers
	badInit: error("E0270", "an initialiser that does not fit the type"),
	excessInit: warning("W0271", "excess-initializers", "more initialisers than there are elements"),
	stringTooLong: warning("W0272", "excess-initializers", "a string longer than the array it initialises"),
	overriddenInit: warning("W0273", "initializer-overrides", "a later initialiser replaces an earlier one", true),
	badDesignator: error("E0274", "a designator that names nothing"),
	// statements
	duplicateCase: error("E0280", "two cases of one switch have the same value"),
	strayCase: error("E0281", "case or default outside a switch"),
	strayBreak: error("E0282", "break or continue outside a loop or switch"),
	undeclaredLabel: error("E0283", "a goto to a label that does not exist"),
	duplicateLabel: error("E0284", "a label defined twice"),
	returnValue: error("E0285", "a return with a value from a void function, or without one from another", "return-mismatch"),
	missingReturn: warning("W0286", "return-type", "control reaches the end of a function that returns a value"),
	emptyRange: warning("W0287", "empty-range", "a case range that holds nothing"),
	badSwitch: error("E0288", "a switch over something that is no integer"),
	badAsm: error("E0289", "inline assembly whose operands do not fit"),
	unusedLabel: warning("W0290", "unused-label", "a label that no goto names", true),
	unusedVariable: warning("W0291", "unused-variable", "a local variable that nothing reads", true),
	unusedFunction: warning("W0292", "unused-function", "a static function that nothing calls", true),
	emptyBody: warning("W0293", "empty-body", "a loop or condition whose body is a lone semicolon"),
	uninitialized: warning("W0294", "uninitialized", "a variable that initialises itself", true),
	unusedParameter: warning("W0295", "unused-parameter", "a parameter that nothing reads", true),
	// what eBPF cannot do
	noFloat: error("E0301", "floating-point arithmetic"),
	noVla: error("E0302", "an array whose length is only known at run time"),
	noVarargs: error("E0303", "a function that takes variable arguments, or va_list"),
	noNested: error("E0304", "a function defined inside another"),
	noAlloca: error("E0305", "a stack allocation whose size is only known at run time"),
	noThreadLocal: error("E0306", "thread-local storage"),
	noBuiltin: error("E0307", "a builtin that eBPF cannot provide"),
	noComplex: error("E0308", "complex numbers"),
	noFileAsm: error("E0309", "assembly at file scope that is not understood"),
	badBuiltin: error("E0310", "a builtin with the wrong arguments"),
	limit: error("E0311", "a limit of the compiler"),
} as const satisfies Record<string, CodeRow>;

export type CodeName = keyof typeof CODES;
