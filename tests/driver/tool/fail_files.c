/* A library to be loaded before a program: the file operation LATHE_FAIL_AT (from 1) of it and of its
 * children does not happen. LATHE_FAIL_HOW says what does: "kill" ends the process at once, "once" fails,
 * "full" also fails all later ones that need room on the disk. LATHE_OPERATIONS names a file of 8 bytes that
 * counts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long* counter;
static long fail_at;
static char how;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("LATHE_OPERATIONS"), *at = getenv("LATHE_FAIL_AT"),
               *what = getenv("LATHE_FAIL_HOW");
    if (!file) return;
    int f = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR, 0);
    void* p = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    counter = p == MAP_FAILED ? NULL : p;
    fail_at = at ? atol(at) : 0;
    how = what ? what[0] : 'o';
}

/* Whether the operation fails, which it then says in errno. */
static int fails(int needs_room) {
    if (!counter) return 0;
    long n = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
    if (n == fail_at && how == 'k') {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
    if ((how == 'o' && n == fail_at) || (how == 'f' && needs_room && fail_at && n >= fail_at)) {
        errno = how == 'f' ? ENOSPC : EIO;
        return 1;
    }
    return 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char* path, int flags, ...) {
    va_list l;
    va_start(l, flags);
    mode_t mode = flags & O_CREAT ? va_arg(l, mode_t) : 0;
    va_end(l);
    return (flags & O_CREAT) && fails(1) ? -1 : NEXT(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    va_list l;
    va_start(l, flags);
    mode_t mode = flags & O_CREAT ? va_arg(l, mode_t) : 0;
    va_end(l);
    return (flags & O_CREAT) && fails(1) ? -1 : NEXT(open64)(path, flags, mode);
}
FILE* fopen(const char* path, const char* mode) {
    return mode[0] != 'r' && fails(1) ? NULL : NEXT(fopen)(path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
    return mode[0] != 'r' && fails(1) ? NULL : NEXT(fopen64)(path, mode);
}
ssize_t write(int file, const void* data, size_t size) {
    struct stat s;
    if (fstat(file, &s) == 0 && S_ISREG(s.st_mode) && fails(1)) {
        /* A disk that fills takes a part. */
        if (how == 'f' && size > 1 && *counter == fail_at) return NEXT(write)(file, data, size / 2);
        return -1;
    }
    return NEXT(write)(file, data, size);
}
int mkdir(const char* path, mode_t mode) {
    return fails(1) ? -1 : NEXT(mkdir)(path, mode);
}
int link(const char* from, const char* to) {
    return fails(1) ? -1 : NEXT(link)(from, to);
}
int rename(const char* from, const char* to) {
    return fails(0) ? -1 : NEXT(rename)(from, to);
}
int unlink(const char* path) {
    return fails(0) ? -1 : NEXT(unlink)(path);
}
int unlinkat(int folder, const char* path, int flags) {
    return fails(0) ? -1 : NEXT(unlinkat)(folder, path, flags);
}
int rmdir(const char* path) {
    return fails(0) ? -1 : NEXT(rmdir)(path);
}
int remove(const char* path) {
    return fails(0) ? -1 : NEXT(remove)(path);
}
