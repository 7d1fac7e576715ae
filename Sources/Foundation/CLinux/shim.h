/* Calls of Linux that Swift's Glibc module leaves out. */
#include <sys/sysmacros.h>
#include <sys/xattr.h>
