#define _GNU_SOURCE

#include "CLandlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The kernel's structures and numbers (landlock(7)), written out: the header of the machine that builds may be older
// than the kernel of the one that runs.

struct ruleset {
  uint64_t handled_files;
  uint64_t handled_network;
  uint64_t scoped;
};

struct path_rule {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

struct port_rule {
  uint64_t allowed;
  uint64_t port;
};

enum { rule_path = 1, rule_port = 2 };

#if defined(SYS_landlock_create_ruleset) && defined(SYS_landlock_add_rule) && defined(SYS_landlock_restrict_self)

int clinux_landlock_version(void) { return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1U); }

int clinux_landlock_create(uint64_t files, uint64_t network, uint64_t scoped) {
  struct ruleset ruleset = {files, network, scoped};
  // An older kernel knows a shorter structure, and refuses a longer one only where the rest is not zero.
  return (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0U);
}

int clinux_landlock_allow_path(int ruleset, int path, uint64_t files) {
  struct path_rule rule = {.allowed = files, .parent = path};
  return (int)syscall(SYS_landlock_add_rule, ruleset, rule_path, &rule, 0U);
}

int clinux_landlock_allow_port(int ruleset, uint16_t port, uint64_t network) {
  struct port_rule rule = {.allowed = network, .port = port};
  return (int)syscall(SYS_landlock_add_rule, ruleset, rule_port, &rule, 0U);
}

int clinux_landlock_enforce(int ruleset) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_landlock_restrict_self, ruleset, 0U);
}

#else

static int absent(void) {
  errno = ENOSYS;
  return -1;
}

int clinux_landlock_version(void) { return absent(); }
int clinux_landlock_create(uint64_t files, uint64_t network, uint64_t scoped) {
  (void)files, (void)network, (void)scoped;
  return absent();
}
int clinux_landlock_allow_path(int ruleset, int path, uint64_t files) {
  (void)ruleset, (void)path, (void)files;
  return absent();
}
int clinux_landlock_allow_port(int ruleset, uint16_t port, uint64_t network) {
  (void)ruleset, (void)port, (void)network;
  return absent();
}
int clinux_landlock_enforce(int ruleset) {
  (void)ruleset;
  return absent();
}

#endif
