/* The same program natively: PROGRAM is its file. */
#include PROGRAM
#undef main
#undef printf
int printf(const char *format, ...);
int main(void) {
	csmith_main();
	printf("%lu\n", checksum);
	return 0;
}
