#pragma once

// Landlock (landlock(7)): a process gives up, for good, what it has no need to touch. All return -1 and set errno on
// failure; rights are the kernel's bits.

#include <stdint.h>

/// The version of Landlock's ABI, from 1 on; -1 where the kernel has none, or was started without it.
int clinux_landlock_version(void);

/// A set of rules that forbids all of the rights named here except where a rule allows them; a descriptor,
/// close-on-exec.
int clinux_landlock_create(uint64_t files, uint64_t network, uint64_t scoped);

/// Allows `files` to all that is below `path`, a descriptor; a file that is no directory takes rights to files only.
int clinux_landlock_allow_path(int ruleset, int path, uint64_t files);

/// Allows `network` with a TCP port.
int clinux_landlock_allow_port(int ruleset, uint16_t port, uint64_t network);

/// From here on the calling thread, and each thread and process that it starts, is held to the rules.
int clinux_landlock_enforce(int ruleset);
