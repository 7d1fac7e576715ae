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

/* A group that tells names, and marks on whole file systems; bits as in <sys/fanotify.h>. */
#include <fcntl.h>
#define KILN_FAN_MODIFY 0x2
#define KILN_FAN_CREATE 0x100
#define KILN_FAN_DELETE 0x200
#define KILN_FAN_MOVED 0xc0
#define KILN_FAN_OVERFLOW 0x4000
#define KILN_FAN_ALL (KILN_FAN_MODIFY | 0x4 | KILN_FAN_CREATE | KILN_FAN_DELETE | KILN_FAN_MOVED | 0x40000000)
static inline int kiln_fanotify_open(void) {
    return (int)syscall(SYS_fanotify_init, 0x1 | 0x2 | 0xc00 /* CLOEXEC, NONBLOCK, REPORT_DFID_NAME */, O_RDONLY | O_CLOEXEC);
}
static inline int kiln_fanotify_mark(int group, const char *path) {
    return (int)syscall(SYS_fanotify_mark, group, 0x1 | 0x100 /* ADD, FILESYSTEM */, (unsigned long long)KILN_FAN_ALL, AT_FDCWD, path);
}
/* `handle` is a struct file_handle. */
static inline int kiln_open_by_handle(int mount, const void *handle) {
    return (int)syscall(SYS_open_by_handle_at, mount, handle, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
}
