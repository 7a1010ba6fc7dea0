// Makes one call of the system fail, in a process that knows nothing of it
// (LD_PRELOAD).
//
//   FAULT_KIND   write, read or memory: which calls are counted, from the
//                beginning of main
//   FAULT_AT     the call that fails, from 1; 0: none
//   FAULT_HOW    the number of an error (ENOSPC, say), or 0: half of what
//                there is to write
//   FAULT_STAYS  1: all later calls fail as well, as on a full disk
//   FAULT_LOG    a file that gets the name of the call that failed; without
//                one, the number of calls
//
// EINTR and short counts befall only calls that the system may interrupt. What
// stdio writes it writes without a call that could be replaced, so its files
// become streams that write by ours.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, WRITE, READ, MEMORY };

static enum kind kind;
static long at;
static int how, stays;
static atomic_long calls;
static atomic_int running;

#define NEXT(name)                                                             \
  static __typeof__(name) *next;                                               \
  if (!next)                                                                   \
  next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void note(const char *text) {
  const char *path = getenv("FAULT_LOG");
  int file = path ? (int)syscall(SYS_open, path,
                                 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                  : -1;
  if (file < 0)
    return;
  syscall(SYS_write, file, text, strlen(text));
  syscall(SYS_close, file);
}

/// Counts a call; whether it fails. `mayBeCut`: it can be interrupted.
static int fails(enum kind of, int mayBeCut, const char *name) {
  if (of != kind || !running ||
      (of == WRITE && !mayBeCut && (how == EINTR || how == 0)))
    return 0;
  long number = ++calls;
  if (!at || number < at || (number > at && !stays))
    return 0;
  if (number == at)
    note(name);
  return 1;
}

static int refused(int mayBeCut, const char *name) {
  if (!fails(WRITE, mayBeCut, name) || how == 0)
    return 0;
  errno = how;
  return 1;
}

/// What a call may write of `bytes`; -1 if it fails.
static ssize_t allowed(size_t bytes, const char *name) {
  if (!fails(WRITE, 1, name))
    return (ssize_t)bytes;
  errno = how;
  return how ? -1 : (ssize_t)(bytes > 1 ? bytes / 2 : bytes);
}

//===-- Writing --===//

/// What befalls standard error nobody can be told.
ssize_t write(int file, const void *data, size_t bytes) {
  ssize_t room =
      file == STDERR_FILENO ? (ssize_t)bytes : allowed(bytes, "write");
  return room < 0 ? -1 : syscall(SYS_write, file, data, room);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t offset) {
  ssize_t room = allowed(bytes, "pwrite");
  return room < 0 ? -1 : syscall(SYS_pwrite64, file, data, room, offset);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t offset) {
  return pwrite64(file, data, bytes, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  NEXT(writev);
  if (!fails(WRITE, 1, "writev"))
    return next(file, parts, count);
  errno = how;
  return how ? -1 : next(file, parts, count > 1 ? count / 2 : count);
}

int ftruncate64(int file, off64_t bytes) {
  return refused(1, "ftruncate") ? -1
                                 : (int)syscall(SYS_ftruncate, file, bytes);
}

int ftruncate(int file, off_t bytes) { return ftruncate64(file, bytes); }

int fallocate(int file, int mode, off_t offset, off_t bytes) {
  NEXT(fallocate);
  return refused(1, "fallocate") ? -1 : next(file, mode, offset, bytes);
}

int posix_fallocate(int file, off_t offset, off_t bytes) {
  NEXT(posix_fallocate);
  return refused(1, "posix_fallocate") ? errno : next(file, offset, bytes);
}

int fsync(int file) {
  NEXT(fsync);
  return refused(1, "fsync") ? -1 : next(file);
}

/// Only of regular files that were open for writing; they are closed all the
/// same.
int close(int file) {
  struct stat about;
  int flags =
      kind == WRITE && running && !fstat(file, &about) && S_ISREG(about.st_mode)
          ? fcntl(file, F_GETFL)
          : O_RDONLY;
  int fault =
      flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && refused(1, "close");
  long result = syscall(SYS_close, file);
  if (!fault)
    return (int)result;
  errno = how;
  return -1;
}

int rename(const char *from, const char *to) {
  NEXT(rename);
  return refused(0, "rename") ? -1 : next(from, to);
}

int renameat2(int fromDirectory, const char *from, int toDirectory,
              const char *to, unsigned flags) {
  NEXT(renameat2);
  return refused(0, "renameat2")
             ? -1
             : next(fromDirectory, from, toDirectory, to, flags);
}

int link(const char *from, const char *to) {
  NEXT(link);
  return refused(0, "link") ? -1 : next(from, to);
}

int fchmod(int file, mode_t mode) {
  NEXT(fchmod);
  return refused(0, "fchmod") ? -1 : next(file, mode);
}

static int openAt(int directory, const char *path, int flags, mode_t mode) {
  int makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  int writes = makes || (flags & O_ACCMODE) != O_RDONLY;
  if (writes ? refused(1, "open") : fails(READ, 0, "open")) {
    errno = how;
    return -1;
  }
  return (int)syscall(SYS_openat, directory, path, flags, mode);
}

#define MODE(flags)                                                            \
  va_list arguments;                                                           \
  va_start(arguments, flags);                                                  \
  mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE          \
                    ? va_arg(arguments, mode_t)                                \
                    : 0;                                                       \
  va_end(arguments)

int open(const char *path, int flags, ...) {
  MODE(flags);
  return openAt(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags);
  return openAt(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE(flags);
  return openAt(directory, path, flags, mode);
}

int mkstemp64(char *path) {
  static int (*next)(char *);
  if (!next)
    next = (int (*)(char *))dlsym(RTLD_NEXT, "mkstemp");
  return refused(1, "mkstemp") ? -1 : next(path);
}

int mkstemp(char *path) { return mkstemp64(path); }

//===-- Streams --===//

static ssize_t writeStream(void *file, const char *data, size_t bytes) {
  size_t done = 0; // As the C library does: it goes on after short counts and
                   // gives up after errors.
  while (done < bytes) {
    ssize_t written = write((int)(long)file, data + done, bytes - done);
    if (written < 0)
      return done ? (ssize_t)done : 0;
    done += (size_t)written;
  }
  return (ssize_t)done;
}

static int closeStream(void *file) { return close((int)(long)file); }

static FILE *streamTo(int file) {
  cookie_io_functions_t functions = {.write = writeStream,
                                     .close = closeStream};
  return fopencookie((void *)(long)file, "w", functions);
}

FILE *fdopen(int file, const char *mode) {
  NEXT(fdopen);
  return kind == WRITE && mode[0] == 'w' ? streamTo(file) : next(file, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  NEXT(fopen64);
  if (kind != WRITE || mode[0] != 'w')
    return next(path, mode);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file < 0 ? NULL : streamTo(file);
}

FILE *fopen(const char *path, const char *mode) { return fopen64(path, mode); }

//===-- Reading --===//

ssize_t read(int file, void *data, size_t bytes) {
  if (fails(READ, 0, "read")) {
    errno = how;
    return -1;
  }
  return syscall(SYS_read, file, data, bytes);
}

ssize_t pread64(int file, void *data, size_t bytes, off64_t offset) {
  if (fails(READ, 0, "pread")) {
    errno = how;
    return -1;
  }
  return syscall(SYS_pread64, file, data, bytes, offset);
}

ssize_t pread(int file, void *data, size_t bytes, off_t offset) {
  return pread64(file, data, bytes, offset);
}

//===-- Memory --===//

int __libc_start_main(int (*)(int, char **, char **), int, char **,
                      void (*)(void), void (*)(void), void (*)(void), void *);
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t),
    *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static int noMemory(const char *name) {
  if (!fails(MEMORY, 0, name))
    return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t bytes) {
  return noMemory("malloc") ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
  return noMemory("calloc") ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes) {
  return noMemory("realloc") ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return noMemory("aligned_alloc") ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **to, size_t alignment, size_t bytes) {
  void *memory =
      noMemory("posix_memalign") ? NULL : __libc_memalign(alignment, bytes);
  if (!memory)
    return ENOMEM;
  *to = memory;
  return 0;
}

void *mmap64(void *where, size_t bytes, int protection, int flags, int file,
             off64_t offset) {
  if (file >= 0 ? fails(READ, 0, "mmap") : noMemory("mmap")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, where, bytes, protection, flags, file,
                         offset);
}

void *mmap(void *where, size_t bytes, int protection, int flags, int file,
           off_t offset) {
  return mmap64(where, bytes, protection, flags, file, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*start)(void *), void *argument) {
  NEXT(pthread_create);
  return noMemory("pthread_create") ? EAGAIN
                                    : next(thread, attributes, start, argument);
}

//===-- Beginning and end --===//

static int (*realMain)(int, char **, char **);

static void finish(void) {
  running = 0;
  if (at)
    return;
  char text[32];
  snprintf(text, sizeof text, "%ld", (long)calls);
  note(text);
}

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : 0;
}

static int countedMain(int count, char **words, char **environment) {
  const char *text = getenv("FAULT_KIND");
  kind = !text                    ? NONE
         : !strcmp(text, "write") ? WRITE
         : !strcmp(text, "read")  ? READ
                                  : MEMORY;
  at = number("FAULT_AT");
  how = (int)number("FAULT_HOW");
  stays = (int)number("FAULT_STAYS");
  atexit(finish);
  if (kind == WRITE)
    stdout = streamTo(STDOUT_FILENO);
  running = 1;
  return realMain(count, words, environment);
}

int __libc_start_main(int (*program)(int, char **, char **), int count,
                      char **words, void (*init)(void), void (*fini)(void),
                      void (*rtldFini)(void), void *stackEnd) {
  NEXT(__libc_start_main);
  realMain = program;
  return next(countedMain, count, words, init, fini, rtldFini, stackEnd);
}
