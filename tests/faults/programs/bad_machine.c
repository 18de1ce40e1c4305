/* A machine with faults, for some processes: LD_PRELOAD it, and steer it by the file BAD_MACHINE.
 *
 * The file holds the struct below and is mapped, so that a fault begins and ends at once.  Only files
 * in the folder BAD_MACHINE_DISK are on the bad disk.  Children live on the same machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct faults {
  int64_t write_errno; /* what every write to the bad disk fails with; 0: none */
  int64_t sync_ns;     /* how long every fsync of the bad disk takes; 0: as long as it takes */
  int64_t clock_ns;    /* how far the clock of the wall is off; the monotonic clock is never */
  int64_t syncs;       /* how many times the bad disk was synced: written here, not read */
};

static struct faults sound;
static struct faults *now_faulty = &sound;
static char disk[PATH_MAX];

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("BAD_MACHINE"), *folder = getenv("BAD_MACHINE_DISK");
  int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (descriptor >= 0) {
    void *mapped = mmap(NULL, sizeof sound, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED) now_faulty = mapped;
    close(descriptor);
  }
  if (folder) snprintf(disk, sizeof disk, "%s/", folder);
}

#define SOUND(type, name, ...) \
  static type (*sound_##name)(__VA_ARGS__); \
  if (!sound_##name) *(void **)&sound_##name = dlsym(RTLD_NEXT, #name)

static int is_on_disk(int descriptor) {
  char link[64], path[PATH_MAX];
  struct stat about;
  if (!disk[0] || fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, disk, strlen(disk)) == 0;
}

static int refuses(int descriptor) {
  if (!now_faulty->write_errno || !is_on_disk(descriptor)) return 0;
  errno = (int)now_faulty->write_errno;
  return 1;
}

ssize_t write(int to, const void *from, size_t count) {
  SOUND(ssize_t, write, int, const void *, size_t);
  return refuses(to) ? -1 : sound_write(to, from, count);
}

ssize_t pwrite(int to, const void *from, size_t count, off_t at) {
  SOUND(ssize_t, pwrite, int, const void *, size_t, off_t);
  return refuses(to) ? -1 : sound_pwrite(to, from, count, at);
}

ssize_t pwrite64(int to, const void *from, size_t count, off64_t at) {
  SOUND(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  return refuses(to) ? -1 : sound_pwrite64(to, from, count, at);
}

ssize_t splice(int from, off64_t *read_at, int to, off64_t *write_at, size_t count, unsigned how) {
  SOUND(ssize_t, splice, int, off64_t *, int, off64_t *, size_t, unsigned);
  return refuses(to) ? -1 : sound_splice(from, read_at, to, write_at, count, how);
}

static int sync_slowly(int descriptor) {
  int64_t pause = now_faulty->sync_ns;
  struct timespec left = {.tv_sec = pause / 1000000000, .tv_nsec = pause % 1000000000};
  if (!is_on_disk(descriptor)) return 0;
  __atomic_add_fetch(&now_faulty->syncs, 1, __ATOMIC_SEQ_CST);
  while (pause && nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  return refuses(descriptor) ? -1 : 0;
}

int fsync(int descriptor) {
  SOUND(int, fsync, int);
  return sync_slowly(descriptor) != 0 ? -1 : sound_fsync(descriptor);
}

int fdatasync(int descriptor) {
  SOUND(int, fdatasync, int);
  return sync_slowly(descriptor) != 0 ? -1 : sound_fdatasync(descriptor);
}

int clock_gettime(clockid_t which, struct timespec *at) {
  SOUND(int, clock_gettime, clockid_t, struct timespec *);
  int answer = sound_clock_gettime(which, at);
  if (answer == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
    int64_t whole = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + now_faulty->clock_ns;
    at->tv_sec = whole / 1000000000;
    at->tv_nsec = whole % 1000000000;
  }
  return answer;
}

int gettimeofday(struct timeval *at, void *zone) {
  struct timespec exact;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  at->tv_sec = exact.tv_sec;
  at->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec exact;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  if (at) *at = exact.tv_sec;
  return exact.tv_sec;
}
