/* A disk that fails under the real program: preloaded, it lets every change of files
 * below $FAULTY_UNDER fail with the errno whose number the file $FAULTY_ERRNO holds.
 * An empty or missing file: the disk is sound. Reading always works. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fault(void)
{
    const char *path = getenv("FAULTY_ERRNO");
    char text[16] = {0};
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    ssize_t read_bytes = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    return read_bytes > 0 ? atoi(text) : 0;
}

static int is_under(const char *path)
{
    const char *under = getenv("FAULTY_UNDER");
    return under && path && strncmp(path, under, strlen(under)) == 0;
}

static int fails_path(const char *path)
{
    int number = is_under(path) ? fault() : 0;
    if (number)
        errno = number;
    return number;
}

static int fails_fd(int fd)
{
    char link[64], path[PATH_MAX] = {0};
    int number = fault();
    if (!number)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) < 0 || !is_under(path))
        return 0;
    errno = number;
    return number;
}

#define REAL(name, type, ...)                                       \
    static type (*real)(__VA_ARGS__);                               \
    if (!real)                                                      \
        real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define OPEN(name)                                                  \
    int name(const char *path, int flags, ...)                      \
    {                                                               \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t mode = va_arg(rest, mode_t);                         \
        va_end(rest);                                               \
        if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) && fails_path(path)) \
            return -1;                                              \
        REAL(#name, int, const char *, int, ...);                   \
        return real(path, flags, mode);                             \
    }
OPEN(open)
OPEN(open64)

#define ON_FD(name, type, wrong, arguments, ...)                    \
    type name arguments                                             \
    {                                                               \
        if (fails_fd(fd))                                           \
            return wrong;                                           \
        REAL(#name, type, __VA_ARGS__);
ON_FD(write, ssize_t, -1, (int fd, const void *from, size_t n), int, const void *, size_t)
    return real(fd, from, n); }
ON_FD(pwrite, ssize_t, -1, (int fd, const void *from, size_t n, off_t at), int, const void *, size_t, off_t)
    return real(fd, from, n, at); }
ON_FD(pwrite64, ssize_t, -1, (int fd, const void *from, size_t n, off_t at), int, const void *, size_t, off_t)
    return real(fd, from, n, at); }
ON_FD(writev, ssize_t, -1, (int fd, const struct iovec *from, int n), int, const struct iovec *, int)
    return real(fd, from, n); }
ON_FD(fsync, int, -1, (int fd), int)
    return real(fd); }
ON_FD(fdatasync, int, -1, (int fd), int)
    return real(fd); }
ON_FD(ftruncate, int, -1, (int fd, off_t length), int, off_t)
    return real(fd, length); }
ON_FD(ftruncate64, int, -1, (int fd, off_t length), int, off_t)
    return real(fd, length); }

#define ON_PATH(name, arguments, pass, ...)                         \
    int name arguments                                              \
    {                                                               \
        if (fails_path(path))                                       \
            return -1;                                              \
        REAL(#name, int, __VA_ARGS__);                              \
        return real pass;                                           \
    }
ON_PATH(rename, (const char *path, const char *to), (path, to), const char *, const char *)
ON_PATH(unlink, (const char *path), (path), const char *)
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
