/* SPDX-License-Identifier: MIT
 *
 * What is wrong with values that are each right: too little memory (C2), too little left to prove or to ask, codes to
 * be enrolled where that cannot work (O7), and keys that could do nothing. Each with its line and what would be right.
 */
#include "config.h"

#include <errno.h>

#include "tap.h"

static struct config config;
static char error[CONFIG_ERROR_SIZE];

static int parse(const char *text)
{
    error[0] = '\0';
    return config_parse(text, strlen(text), "f", &config, error);
}

static const struct {
    const char *text, *want;
} mistakes[] = {
    {"[authcd]\nuser = x\nhash_memory = 32MiB\n",
     "f:3: argon2_memory is above hash_memory: not one password could be hashed"},
    {"[authcd]\nhash_memory = 512MiB\nargon2_memory = 1GiB\n",
     "f:3: argon2_memory is above hash_memory: not one password could be hashed"},
    {"[service sudo]\nfactors = password\ncombined = yes\n",
     "f:3: [service sudo]: combined = yes wants factors = password otp"},
    {"[service *]\ncombined = yes\n[service sudo]\nfactors = otp\n",
     "f:2: [service sudo]: combined = yes wants factors = password otp"},
    {"[service *]\ncombined = yes\n[service sudo]\nfactors = otp\ncombined = yes\n",
     "f:5: [service sudo]: combined = yes wants factors = password otp"},
    {"[service sshd]\n\nfactors = otp\n",
     "f:3: [service sshd]: factors = otp alone leaves six digits to guess from anywhere: wants password otp"},
    {"[service *]\nfactors = otp\n",
     "f:2: [service *]: factors = otp alone leaves six digits to guess from anywhere: wants "
     "password otp (name the local service that may do with a code)"},
    {"[service sshd]\nkey_replaces = password\nfactors = otp\n",
     "f:3: [service sshd]: factors = otp alone leaves six digits to guess from anywhere: wants password otp"},
    {"[service sshd]\nkey_replaces = password\nfactors = password\n",
     "f:2: [service sshd]: key_replaces = password wants factors = password otp: after a key nothing would be left to "
     "ask"},
    {"[service *]\nkey_replaces = password\n",
     "f:2: [service *]: key_replaces = password: only sshd verifies public keys: wants [service sshd]"},
    {"[service sudo]\nkey_replaces = password\n",
     "f:2: [service sudo]: key_replaces = password: only sshd verifies public keys: wants [service sshd]"},
    {"[service sudo]\nunenrolled = enrol\n",
     "f:2: [service sudo]: unenrolled = enrol cannot work there: whatever runs in the session and knows the password "
     "could make the second factor its own: wants deny or skip"},
    {"[service self]\nunenrolled = enrol\n", "f:2: [service self]: unenrolled = enrol cannot work there: whoever asks "
                                             "there is not root, and is shown no secret: "
                                             "wants deny or skip"},
    {"[service kde]\nunenrolled = enrol\n", "f:2: [service kde]: unenrolled = enrol cannot work there: a screen locker "
                                            "has one line for a question: wants deny "
                                            "or skip"},
    {"[service gdm-password]\nunenrolled = enrol\n", "f:2: [service gdm-password]: unenrolled = enrol cannot work "
                                                     "there: a display manager has one line for a question: "
                                                     "wants deny or skip"},
    {"[service local]\nfactors = otp\nunenrolled = enrol\n",
     "f:3: [service local]: unenrolled = enrol wants a password in factors: nothing else tells who enrols"},
    {"[service *]\nunenrolled = enrol\n[service local]\nfactors = otp\n",
     "f:2: [service local]: unenrolled = enrol wants a password in factors: nothing else tells who enrols"},
    {"[service *]\nunenrolled = enrol\n[service vpn]\ncombined = yes\n",
     "f:4: [service vpn]: combined = yes leaves no prompt to enrol in: wants unenrolled = deny or skip"},
    {"[service *]\ncombined = yes\n[service sshd]\nunenrolled = enrol\n",
     "f:2: [service sshd]: combined = yes leaves no prompt to enrol in: wants unenrolled = deny or skip"},
};

/* The nearest thing to each that is right. */
static const char *const good[] = {
    "[authcd]\nargon2_memory = 64MiB\nhash_memory = 64MiB\n",
    "[service sudo]\nfactors = otp\n",
    "[service sudo]\nfactors = otp\ngrace = 15m\n",
    "[service *]\ncombined = yes\n[service sudo]\nfactors = otp\ncombined = no\n",
    "[service sshd]\nfactors = password\n",
    "[service sshd]\nkey_replaces = password\n",
    "[service sshd]\nkey_replaces = password\ncombined = yes\n",
    "[service sudo]\nkey_replaces = nothing\n",
    "[service sshd]\nunenrolled = enrol\n",
    "[service login]\nunenrolled = enrol\n",
    "[service *]\nunenrolled = enrol\n",
    "[service *]\nunenrolled = enrol\n[service sudo]\nfactors = otp\n", /* means deny there */
    "[service *]\nunenrolled = enrol\n[service sudo]\ncombined = yes\n",
    "[service *]\nunenrolled = enrol\n[service ftp]\nfactors = password\n",
    "[service *]\nunenrolled = enrol\n[service ftp]\ncombined = yes\nunenrolled = deny\n",
    "[service *]\nmax_sessions = 10\n",
    "[service *]\nmax_sessions = 10\n[service sudo]\nfactors = otp\n",
    "[service sudo]\nmax_sessions = 10\n", /* of no use, and no harm */
};

int main(void)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        is_int(parse(mistakes[i].text), -EINVAL, "mistake %zu is refused", i);
        is_str(error, mistakes[i].want, "mistake %zu is explained", i);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(parse(good[i]) == 0, "%zu is right: %s", i, error);
    return tap_done();
}
