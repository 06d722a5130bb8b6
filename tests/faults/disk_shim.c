/* Stands between a program and its disk, below one folder: records every change, fails
 * the n-th one, or kills the program at it. Loaded by LD_PRELOAD; steered by the
 * functions disk_*, which the program calls through ctypes. One thread only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 1024
#define PATHS 4096

static char root[PATHS];
static size_t root_length;
static char *names[FDS];
static int log_fd = -1;
static long counted, fail_at = -1, kill_at = -1;
static int fail_errno, fail_forever;

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *data, size_t size) {
    REAL(write);
    return real(fd, data, size);
}

static void put(const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t done = raw_write(log_fd, at, size);
        if (done <= 0) abort();
        at += done;
        size -= (size_t)done;
    }
}

/* A record is one line "kind offset size name" and then size bytes. */
static void record(char kind, const char *name, long offset, const void *data, size_t size) {
    char line[PATHS + 64];
    if (log_fd < 0) return;
    int length = snprintf(line, sizeof line, "%c %ld %zu %s\n", kind, offset, size, name);
    put(line, (size_t)length);
    put(data, size);
}

static const char *below(const char *path) {
    if (root_length == 0 || strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == 0) return ".";
    if (path[root_length] != '/') return NULL;
    size_t length = strlen(path);
    /* The WAL's index is memory shared by processes; nothing of it need survive. */
    if (length > 4 && strcmp(path + length - 4, "-shm") == 0) return NULL;
    return path + root_length + 1;
}

static const char *name_of(int fd) { return fd >= 0 && fd < FDS ? names[fd] : NULL; }

/* Count one change of the disk; 1 means that it must fail. */
static int refused(void) {
    counted++;
    if (kill_at >= 0 && counted == kill_at) kill(getpid(), SIGKILL);
    if (fail_at < 0 || counted < fail_at) return 0;
    if (counted > fail_at && !fail_forever) return 0;
    errno = fail_errno;
    return 1;
}

static void forget(void) {
    for (int fd = 0; fd < FDS; fd++) {
        free(names[fd]);
        names[fd] = NULL;
    }
    counted = 0;
    fail_at = kill_at = -1;
    root_length = 0;
    if (log_fd >= 0) close(log_fd);
    log_fd = -1;
}

static void watch(const char *folder) {
    forget();
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
}

void disk_off(void) { forget(); }
long disk_count(void) { return counted; }

void disk_record(const char *folder, const char *log) {
    watch(folder);
    log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (log_fd < 0) abort();
}

/* Files opened before are not seen: call it before the data is opened; arm later. */
void disk_watch(const char *folder) { watch(folder); }

void disk_fail(long at, int error, int forever) {
    counted = 0;
    fail_at = at;
    fail_errno = error;
    fail_forever = forever;
}

void disk_kill(long at) {
    counted = 0;
    kill_at = at;
}

static int opened(int fd, const char *name, int flags, int was_there) {
    if (fd < 0 || fd >= FDS || name == NULL) return fd;
    free(names[fd]);
    names[fd] = strdup(name);
    if (!was_there) record('C', name, 0, NULL, 0);
    else if (flags & O_TRUNC) record('T', name, 0, NULL, 0);
    return fd;
}

static int changes(int flags) { return (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) != 0; }

#define OPEN(function)                                                        \
    int function(const char *path, int flags, ...) {                          \
        REAL(function);                                                       \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, int) : 0;   \
        va_end(rest);                                                         \
        const char *name = below(path);                                       \
        int was_there = name == NULL || access(path, F_OK) == 0;              \
        if (name && changes(flags) && refused()) return -1;                   \
        return opened(real(path, flags, mode), name, flags, was_there);       \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(function)                                                      \
    int function(int folder, const char *path, int flags, ...) {              \
        REAL(function);                                                       \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, int) : 0;   \
        va_end(rest);                                                         \
        const char *name = below(path);                                       \
        int was_there = name == NULL || access(path, F_OK) == 0;              \
        if (name && changes(flags) && refused()) return -1;                   \
        return opened(real(folder, path, flags, mode), name, flags, was_there); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < FDS) {
        free(names[fd]);
        names[fd] = NULL;
    }
    return real(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    const char *name = name_of(fd);
    if (name && refused()) return -1;
    long at = 0;
    if (name) {
        struct stat status;
        at = (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &status) == 0
            ? (long)status.st_size : (long)lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = raw_write(fd, data, size);
    if (name && done > 0) record('W', name, at, data, (size_t)done);
    return done;
}

#define PWRITE(function, offset_type)                                         \
    ssize_t function(int fd, const void *data, size_t size, offset_type at) { \
        REAL(function);                                                       \
        const char *name = name_of(fd);                                       \
        if (name && refused()) return -1;                                     \
        ssize_t done = real(fd, data, size, at);                              \
        if (name && done > 0) record('W', name, (long)at, data, (size_t)done); \
        return done;                                                          \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(function, offset_type)                                       \
    int function(int fd, offset_type size) {                                  \
        REAL(function);                                                       \
        const char *name = name_of(fd);                                       \
        if (name && refused()) return -1;                                     \
        int result = real(fd, size);                                          \
        if (name && result == 0) record('T', name, (long)size, NULL, 0);      \
        return result;                                                        \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(function)                                                        \
    int function(int fd) {                                                    \
        REAL(function);                                                       \
        const char *name = name_of(fd);                                       \
        if (name && refused()) return -1;                                     \
        int result = name ? 0 : real(fd);                                     \
        if (name) record('S', name, 0, NULL, 0);                              \
        return result;                                                        \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(unlink);
    const char *name = below(path);
    if (name && access(path, F_OK) == 0 && refused()) return -1;
    int result = real(path);
    if (name && result == 0) record('U', name, 0, NULL, 0);
    return result;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    const char *old_name = below(from), *new_name = below(to);
    if (old_name && new_name && refused()) return -1;
    int result = real(from, to);
    if (old_name && new_name && result == 0)
        record('R', old_name, 0, new_name, strlen(new_name));
    return result;
}
