/* What LINUX_VERSION_CODE was built for; programs put it into a "version" section that kernels since 5.0 ignore. */
#define LINUX_VERSION_CODE 397824
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#define LINUX_VERSION_MAJOR 6
#define LINUX_VERSION_PATCHLEVEL 18
#define LINUX_VERSION_SUBLEVEL 0
