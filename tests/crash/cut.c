/* Cuts a process at one of its writes: killed, killed halfway, or with an error from the disk.
 *
 * Preloaded below the program (LD_PRELOAD). It counts write, pwrite, fsync, fdatasync, ftruncate, rename, link, unlink
 * and mkdir on files under the folders in CUT_UNDER (colon-separated), in the shared page CUT_PAGE; what is to happen,
 * and at which call, stands there too. Memory-mapped files (SQLite's index of its log) are not seen: they hold nothing
 * that must last. Whether the agent uses other calls, strace tells (-f -y -e trace=file,desc).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOTHING, KILL, TEAR, ONE_ERROR, ERRORS_FROM_HERE };

/* The layout is known to cutting.py. */
struct page {
    _Atomic uint64_t calls;   /* counted so far */
    _Atomic uint64_t cut_at;  /* the call that is cut; 0: none */
    _Atomic uint64_t action;  /* one of the enum */
    _Atomic uint64_t error;   /* errno to return */
    _Atomic uint64_t struck;  /* how often something was done */
    char what[56];            /* call and file of the cut */
    unsigned char kinds[16384]; /* first letter of each call, by its number; w: a write, t: ftruncate */
};

static struct page *page;
static char folders[4][512];
static int folder_count;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("CUT_PAGE"), *under = getenv("CUT_UNDER");
    if (file == NULL || under == NULL) return;
    int descriptor = open(file, O_RDWR);
    if (descriptor < 0) abort();
    void *mapped = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (mapped == MAP_FAILED) abort();
    while (*under != '\0' && folder_count < 4) {
        size_t length = strcspn(under, ":");
        if (length >= sizeof folders[0]) abort();
        memcpy(folders[folder_count++], under, length);
        under += length + (under[length] == ':');
    }
    page = mapped;
}

static int is_ours(const char *path) {
    for (int i = 0; i < folder_count; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(path, folders[i], length) == 0 && (path[length] == '/' || path[length] == '\0')) return 1;
    }
    return 0;
}

/* What is to happen at this call; its turn is counted. Only writes can be torn; all else is killed. */
static uint64_t turn(const char *call, const char *path) {
    if (page == NULL || !is_ours(path)) return NOTHING;
    uint64_t number = atomic_fetch_add(&page->calls, 1) + 1;
    int is_write = strstr(call, "write") != NULL;
    if (number < sizeof page->kinds) page->kinds[number] = is_write ? 'w' : strcmp(call, "ftruncate") == 0 ? 't' : call[0];
    uint64_t cut_at = atomic_load(&page->cut_at), action = atomic_load(&page->action);
    if (cut_at == 0 || number < cut_at || (number > cut_at && action != ERRORS_FROM_HERE)) return NOTHING;
    if (number == cut_at) {
        const char *name = strrchr(path, '/');
        snprintf(page->what, sizeof page->what, "%s %s", call, name == NULL ? path : name + 1);
    }
    atomic_fetch_add(&page->struck, 1);
    if (action == KILL || (action == TEAR && !is_write)) kill(getpid(), SIGKILL);
    if (action >= ONE_ERROR) errno = (int)atomic_load(&page->error);
    return action;
}

static uint64_t turn_of(const char *call, int descriptor) {
    char link[64], path[512];
    if (page == NULL) return NOTHING;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int kept = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return NOTHING;
    path[length] = '\0';
    return turn(call, path);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int descriptor, const void *bytes, size_t size) {
    REAL(write);
    uint64_t action = turn_of("write", descriptor);
    if (action >= ONE_ERROR) return -1;
    if (action == TEAR) {
        (void)!real(descriptor, bytes, size / 2);
        kill(getpid(), SIGKILL);
    }
    return real(descriptor, bytes, size);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t position) {
    REAL(pwrite64);
    uint64_t action = turn_of("pwrite", descriptor);
    if (action >= ONE_ERROR) return -1;
    if (action == TEAR) {
        (void)!real(descriptor, bytes, size / 2, position);
        kill(getpid(), SIGKILL);
    }
    return real(descriptor, bytes, size, position);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t position) {
    return pwrite64(descriptor, bytes, size, position);
}

int fsync(int descriptor) {
    REAL(fsync);
    return turn_of("fsync", descriptor) >= TEAR ? -1 : real(descriptor);
}

int fdatasync(int descriptor) {
    REAL(fdatasync);
    return turn_of("fdatasync", descriptor) >= TEAR ? -1 : real(descriptor);
}

int ftruncate64(int descriptor, off64_t size) {
    REAL(ftruncate64);
    return turn_of("ftruncate", descriptor) >= TEAR ? -1 : real(descriptor, size);
}

int ftruncate(int descriptor, off_t size) {
    return ftruncate64(descriptor, size);
}

/* Where a name stands, with its folder made absolute: the name itself may be new, and is not followed. */
static uint64_t turn_at(const char *call, const char *name) {
    char folder[512], absolute[PATH_MAX + 512];
    const char *last = strrchr(name, '/');
    int kept = errno;
    snprintf(folder, sizeof folder, "%.*s", last == NULL ? 1 : (int)(last - name) + 1, last == NULL ? "." : name);
    const char *known = realpath(folder, absolute);
    errno = kept;
    if (known == NULL) return NOTHING; /* it will fail by itself */
    size_t length = strlen(absolute);
    snprintf(absolute + length, sizeof absolute - length, "/%s", last == NULL ? name : last + 1);
    return turn(call, absolute);
}

static int is_there(const char *name) {
    struct stat found;
    int kept = errno, there = lstat(name, &found) == 0;
    errno = kept;
    return there;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return turn_at("rename", from) >= TEAR ? -1 : real(from, to);
}

int link(const char *from, const char *to) {
    REAL(link);
    return turn_at("link", to) >= TEAR ? -1 : real(from, to);
}

/* Only what is there can be removed or not: everything else changes nothing. */
int unlink(const char *name) {
    REAL(unlink);
    return is_there(name) && turn_at("unlink", name) >= TEAR ? -1 : real(name);
}

int mkdir(const char *name, mode_t mode) {
    REAL(mkdir);
    return !is_there(name) && turn_at("mkdir", name) >= TEAR ? -1 : real(name, mode);
}
