/** An input that the program's type cannot be run over. */
export class InputError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "InputError";
	}
}
