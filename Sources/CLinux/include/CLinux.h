#pragma once

// Calls of Linux that Swift's Glibc module does not show (they need _GNU_SOURCE, or take structs and macros that are
// not imported). All return -1 and set errno on failure unless said otherwise; all descriptors are close-on-exec.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CLandlock.h"
#include "CTwoProcesses.h"

/// A counting eventfd, non-blocking.
int clinux_eventfd(void);

/// A timerfd that becomes readable (read: ECANCELED) when CLOCK_REALTIME is set or the machine resumes from suspend,
/// and otherwise never; non-blocking.
int clinux_clock_change_timer(void);
/// Arms it again after it has told.
int clinux_clock_change_rearm(int timer);

/// Flushes the file system that holds `fd`.
int clinux_syncfs(int fd);

/// The magic number of the file system that holds `fd` (statfs(2)), which has 32 bits.
int64_t clinux_file_system_type(int fd);

/// Renames and never replaces: EEXIST where the target is there; EINVAL or ENOSYS where it is not supported.
int clinux_rename_noreplace(int source_directory, const char *source, int target_directory, const char *target);

/// openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS: `path` cannot leave `directory`, and no part of it is a
/// symbolic link. O_CLOEXEC is added to `flags`; `mode` counts with O_CREAT only. ENOSYS on kernels before 5.6.
int clinux_open_beneath(int directory, const char *path, int flags, mode_t mode);

/// O_PATH: the descriptor names a place and needs no right to read it.
int clinux_path_flag(void);

/// pread of what is in memory already: EAGAIN where the disk would have to be waited for, EOPNOTSUPP where the file
/// system cannot tell. May read less than there is.
ssize_t clinux_read_cached(int fd, void *buffer, size_t count, off_t offset);

/// Fills the buffer with random bytes; false where the kernel has none to give.
bool clinux_random(void *buffer, size_t count);

/// A pipe: `ends[0]` reads and does not block, `ends[1]` writes and does.
int clinux_pipe(int ends[2]);

/// accept4: the new socket is non-blocking; the peer's address is not asked for.
int clinux_accept(int listener);

/// No core dump, neither to a file nor to a program that collects them, and no ptrace by others of the same user:
/// secrets stay in. The hard limit is left as it is, so that a command of the user's can still ask for its own dumps.
int clinux_forbid_dumps(void);

/// Opens /dev/null in place of each of the descriptors 0 to 2 that is closed, so that no socket or file becomes one.
void clinux_open_standard(void);

/// Hands freed memory back to the system.
void clinux_trim_memory(void);

/// Threads that begin from now on share one heap, where the C library would give each its own.
void clinux_use_one_heap(void);

/// Lets go of the program's code pages that this process has mapped; what runs next is mapped again from the page cache.
void clinux_release_code(void);

/// Names the calling thread; cut at 15 bytes.
void clinux_name_thread(const char *name);

/// The user on the other end of a connected Unix socket.
int clinux_peer_user(int socket, uid_t *user);

/// A non-blocking rtnetlink socket that hears of links and of IPv4 and IPv6 addresses.
int clinux_open_route_monitor(void);
/// Asks the kernel for all links (RTM_GETLINK) or addresses (RTM_GETADDR); answers bear `sequence`.
int clinux_request_route_dump(int monitor, uint16_t type, uint32_t sequence);

/// Runs `/bin/sh -c command` in a process group of its own with these descriptors as stdin, stdout and stderr (-1:
/// /dev/null), with signals as a fresh program expects them. Returns an errno, 0 for success.
int clinux_spawn_shell(const char *command, int in, int out, int error, pid_t *child);

/// A descriptor that is readable when the child has ended (Linux 5.3).
int clinux_pidfd_open(pid_t child);

enum clinux_child_state { clinux_child_runs, clinux_child_exited, clinux_child_killed, clinux_child_unknown };
/// Whether that child, and no other, has ended; `number` is then its exit status or the signal that killed it. Never
/// waits. The child stays a zombie unless `reap`.
enum clinux_child_state clinux_child_state(int pidfd, bool reap, int *number);

/// True where some process has the file open for writing, as far as the kernel tells: it grants a read lease only where
/// nobody has. False where it cannot be asked (another owner's file, a file system without leases). SIGIO is to be
/// ignored: it comes where somebody opens the file in that very moment.
bool clinux_is_being_written(int descriptor);
