/* Calls of Linux that Swift's Glibc module leaves out. */
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The C library has it only since glibc 2.36. */
static inline int kiln_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* Both for the calling thread alone; the C library shows them to those who ask for GNU's own. */
static inline int kiln_new_network(void) { return (int)syscall(SYS_unshare, 0x40000000 /* CLONE_NEWNET */); }
static inline int kiln_enter_network(int fd) { return (int)syscall(SYS_setns, fd, 0x40000000); }
