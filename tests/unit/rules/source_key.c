/* SPDX-License-Identifier: MIT
 *
 * The fingerprint of the key that sshd verified is the one that ssh-keygen -l prints; of anything but a whole line
 * there is none.
 */
#include <errno.h>

#include "source.h"
#include "tap.h"

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIBEFFGkoqMaCXygqZG5fBVJ7eTj/ZIb9e+f9ksP1hyH9"
#define ED25519_IS "key:SHA256:Kgi/VTj6L0y1q05+K1mYQgy+xBpouqg8NpO3x2jwyVc"
#define ECDSA                                                                                                          \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBI123NBIJ7Wx0ZoKpeSgv+CBb0xyWBfjNEW+ge0frD4jv0LXEm84HoAd2J+"  \
    "MuwsnsazNF5Dw6Y/RCYpQUp0W70k="
#define RSA                                                                                                            \
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDH9o0DLLeiHjRathX0AG3JhzUq/JU1WUF2vEVPG9kODQ3laZMbIVqC1CA8RKe5mWfttofdFZxuFGx+OL"   \
    "h1nwGUgLHlNswuzkylhXy+jt7SF5kt/zhxl7q0+MLBG1ccqWSpWQv0C8mwB3Gz8f96ZGltQEg8ZFJgFXlpMOWg+DbnDgRqdQ0keslNejEPfSpm"   \
    "XSUExPIZaLSRe0ZvTnfnMh2SBqKm0yEiwj7SQWG3YarYIzIfMIqnh8uZ+L69JVQjwCXacon4nHi7J4FZ+nvh146nQldUZi6Qx1YVuAir7wCoUr"   \
    "spGSIe8Syop3frUJUz9aLrBeFuthhQMDSZovzX/eX3"
#define CERTIFICATE                                                                                                    \
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIFgaEQnjga6hR2YALgdlBj3RKFgSL9Cfx2CW6BbOsLuWAAAAIBEFFGkoqM"   \
    "aCXygqZG5fBVJ7eTj/ZIb9e+f9ksP1hyH9AAAAAAAAAAAAAAABAAAABHRlc3QAAAAHAAAAA2FkYQAAAAAAAAAA//////////8AAAAAAAAAggAA"   \
    "ABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW"   \
    "5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAaAAAABNlY2RzYS1zaGEyLW5pc3RwMjU2AAAACG5p"   \
    "c3RwMjU2AAAAQQSNdtzQSCe1sdGaCqXkoL/ggW9MclgX4zRFvoHtH6w+I79C1xJvOB6AHdifjLsLJ7GszReQ8OmP0QmKUFKdFu9JAAAAZAAAAB"   \
    "NlY2RzYS1zaGEyLW5pc3RwMjU2AAAASQAAACAnQiTlA2jtE39mBmoCVgG2/H5i1LbADPeTuWOahCoWmAAAACEA+6W2yh3edP/i1OWJSx8JgME9"   \
    "vw9NjNGuTQ31epwLpco="

static const struct {
    const char *info, *want; /* NULL: there is none */
} cases[] = {
    {"publickey ssh-ed25519 " ED25519 "\n", ED25519_IS},
    {"publickey ssh-ed25519 " ED25519, ED25519_IS},
    {"publickey ecdsa-sha2-nistp256 " ECDSA "\n", "key:SHA256:XNHLC4d5l435wi0lYqSb46Lpz5tRKHn671r7aNx1nyE"},
    {"publickey ssh-rsa " RSA "\n", "key:SHA256:X5mbvSQe6dw/TUS3Rq4RLzJHxbM9pKQsdVNrhgloS9Y"},
    {"publickey ssh-ed25519-cert-v01@openssh.com " CERTIFICATE "\n",
     "key:SHA256:x78sdCbSy8IeUMPJfkumbkIKv3pcRl73ddq+eZGYoKM"},
    {"publickey ssh-ed25519 " ED25519 "\npublickey ssh-rsa " RSA "\n", ED25519_IS},
    {"password\npublickey ssh-ed25519 " ED25519 "\n", ED25519_IS},
    {"\n\npublickey ssh-ed25519 " ED25519 "\n", ED25519_IS},
    {"publickey ssh-rsa not!base64\npublickey ssh-ed25519 " ED25519 "\n", ED25519_IS},
    {"publickey x AAAA\n", "key:SHA256:cJ6AyISHokEeHuTfufIqhhSS0gxHZRUMDHlKvXD4FHw"},
    {"", NULL},
    {"\n", NULL},
    {"password\n", NULL},
    {"publickey", NULL},
    {"publickey \n", NULL},
    {"publickey ssh-ed25519", NULL},
    {"publickey ssh-ed25519 ", NULL},
    {"publickey ssh-ed25519 \n" ED25519 "\n", NULL},
    {"publickey ssh-ed25519\n" ED25519 "\n", NULL},
    {"publickey  " ED25519 "\n", NULL},
    {"publickey  ssh-ed25519 " ED25519 "\n", NULL},
    {"publickey ssh-ed25519  " ED25519 "\n", NULL},
    {"publickey\tssh-ed25519\t" ED25519 "\n", NULL},
    {" publickey ssh-ed25519 " ED25519 "\n", NULL},
    {"Publickey ssh-ed25519 " ED25519 "\n", NULL},
    {"hostbased ssh-ed25519 " ED25519 "\n", NULL},
    {"publickey SSH-ED25519 " ED25519 "\n", NULL},
    {"publickey ssh_ed25519 " ED25519 "\n", NULL},
    {"publickey ssh-ed25519 " ED25519 " comment\n", NULL},
    {"publickey ssh-ed25519 " ED25519 " \n", NULL},
    {"publickey ssh-ed25519 " ED25519 "\r\n", NULL},
    {"publickey ssh-ed25519 " ED25519 "=\n", NULL},
    {"publickey ssh-ed25519 " ED25519 "A\n", NULL},
    {"publickey ssh-ed25519 A\n", NULL},
    {"publickey ssh-ed25519 AA\n", NULL},
    {"publickey ssh-ed25519 AA=\n", NULL},
    {"publickey ssh-ed25519 AB==\n", NULL},
    {"publickey ssh-ed25519 ====\n", NULL},
    {"publickey ssh-ed25519 AA-_\n", NULL},
};

int main(void)
{
    char key[SOURCE_KEY_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcpy(key, "untouched");
        is_int(source_key(cases[i].info, key), cases[i].want ? 0 : -ENOENT, "line %zu", i);
        is_str(key, cases[i].want ? cases[i].want : "untouched", "line %zu: its key", i);
    }
    static char longest[8001] = "publickey x ";
    memset(longest + strlen(longest), 'A', sizeof longest - 1 - strlen(longest));
    is_int(source_key(longest, key), 0, "as long as a message can be");
    return tap_done();
}
