/* Calls of Linux that Swift's Glibc module leaves out. */
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The C library has it only since glibc 2.36. */
static inline int kiln_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
