/* SPDX-License-Identifier: MIT
 *
 * One source, one text: addresses in every spelling, names as they are, consoles only from programs that own them, and
 * which of them may become known (L8, L3's "never loopback", M15).
 */
#include "source.h"

#include "protocol.h"
#include "tap.h"
#include "text.h"

enum { NEVER, MAY, ALWAYS };

static struct config config;

static struct source from(const struct source_facts *facts)
{
    struct source s;
    memset(&s, 0xAA, sizeof s);
    source_from(&s, facts, &config.authcd);
    return s;
}

static void check(const struct source_facts *facts, enum source_kind kind, const char *text, int known,
                  const char *what)
{
    struct source s = from(facts);
    is_int(s.kind, kind, "%s: kind", what);
    is_str(s.text, text, "%s: text", what);
    is_int(s.may_be_known, known == MAY, "%s: may be known", what);
    is_int(s.always_known, known == ALWAYS, "%s: always known", what);
    ok(s.counted == (kind != SOURCE_CONSOLE), "%s: counted, unless it is the console", what);
    ok((s.net[0] != '\0') == (kind == SOURCE_ADDRESS || kind == SOURCE_NAME), "%s: of a net, if remote", what);
}

static const struct {
    const char *rhost;
    enum source_kind kind;
    const char *text;
    int known;
} remotes[] = {
    {"10.0.0.7", SOURCE_ADDRESS, "10.0.0.7", MAY},
    {"255.255.255.255", SOURCE_ADDRESS, "255.255.255.255", MAY},
    {"::ffff:1.2.3.4", SOURCE_ADDRESS, "1.2.3.4", MAY},
    {"::FFFF:102:304", SOURCE_ADDRESS, "1.2.3.4", MAY},
    {"0:0:0:0:0:ffff:0102:0304", SOURCE_ADDRESS, "1.2.3.4", MAY},
    {"::1.2.3.4", SOURCE_ADDRESS, "1.2.3.4", MAY},
    {"::102:304", SOURCE_ADDRESS, "1.2.3.4", MAY},
    {"2001:db8:0:1::1", SOURCE_ADDRESS, "2001:db8:0:1::/64", MAY},
    {"2001:DB8:0:1:ffff:ffff:ffff:ffff", SOURCE_ADDRESS, "2001:db8:0:1::/64", MAY},
    {"2001:0db8:0000:0001:0:0:0:2", SOURCE_ADDRESS, "2001:db8:0:1::/64", MAY},
    {"2001:db8:0:2::1", SOURCE_ADDRESS, "2001:db8:0:2::/64", MAY},
    {"fe80::1%eth0", SOURCE_ADDRESS, "fe80::/64", MAY},
    {"fe80::2%wlan0", SOURCE_ADDRESS, "fe80::/64", MAY},
    {"::ffff:10.0.0.7%eth0", SOURCE_ADDRESS, "10.0.0.7", MAY},
    {"127.0.0.1", SOURCE_ADDRESS, "127.0.0.1", NEVER},
    {"127.8.9.10", SOURCE_ADDRESS, "127.8.9.10", NEVER},
    {"::ffff:127.0.0.1", SOURCE_ADDRESS, "127.0.0.1", NEVER},
    {"::1", SOURCE_ADDRESS, "::/64", NEVER},
    {"::", SOURCE_ADDRESS, "::/64", NEVER},
    {"0.0.0.0", SOURCE_ADDRESS, "0.0.0.0", NEVER},
    {"128.0.0.1", SOURCE_ADDRESS, "128.0.0.1", MAY},
    {"010.0.0.7", SOURCE_NAME, "name:010.0.0.7", MAY},
    {"10.0.0.07", SOURCE_NAME, "name:10.0.0.07", MAY},
    {"0x0a.0.0.7", SOURCE_NAME, "name:0x0a.0.0.7", MAY},
    {"167772167", SOURCE_NAME, "name:167772167", MAY},
    {"10.7", SOURCE_NAME, "name:10.7", MAY},
    {"10.0.0.7%eth0", SOURCE_NAME, "name:10.0.0.7%eth0", MAY},
    {" 10.0.0.7", SOURCE_NAME, "name: 10.0.0.7", MAY},
    {"10.0.0.7:22", SOURCE_NAME, "name:10.0.0.7:22", MAY},
    {"[2001:db8::1]", SOURCE_NAME, "name:[2001:db8::1]", MAY},
    {"%", SOURCE_NAME, "name:%", MAY},
    {"client.example.org", SOURCE_NAME, "name:client.example.org", MAY},
    {"console:tty1", SOURCE_NAME, "name:console:tty1", MAY},
    {"uid:0", SOURCE_NAME, "name:uid:0", MAY},
    {"localhost", SOURCE_NAME, "name:localhost", NEVER},
    {"LocalHost", SOURCE_NAME, "name:LocalHost", NEVER},
    {"ip6-localhost", SOURCE_NAME, "name:ip6-localhost", NEVER},
};

static void test_remote(void)
{
    for (size_t i = 0; i < sizeof remotes / sizeof *remotes; i++) {
        struct source_facts facts = {true, 0, 0, "sshd", "ssh", remotes[i].rhost};
        check(&facts, remotes[i].kind, remotes[i].text, remotes[i].known, remotes[i].rhost);
    }
}

static const struct {
    const char *rhost, *net;
} nets[] = {
    {"10.0.0.7", "10.0.0.0/16"},          {"10.0.255.255", "10.0.0.0/16"},
    {"10.1.0.0", "10.1.0.0/16"},          {"::ffff:10.0.0.7", "10.0.0.0/16"},
    {"::10.0.0.7%eth0", "10.0.0.0/16"},   {"255.255.255.255", "255.255.0.0/16"},
    {"2001:db8::1", "2001:db8::/48"},     {"2001:db8:0:ffff:ffff:ffff:ffff:ffff", "2001:db8::/48"},
    {"2001:db8:1::1", "2001:db8:1::/48"}, {"fe80::1%eth0", "fe80::/48"},
    {"desk.example.org", "names"},        {"10.0.0.07", "names"},
    {"2001:db8::/48", "names"},
};

static void test_nets(void)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct source_facts facts = {true, 0, 0, "sshd", "ssh", nets[i].rhost};
        struct source s = from(&facts);
        is_str(s.net, nets[i].net, "the net of %s", nets[i].rhost);
        ok(s.counted, "%s is counted", nets[i].rhost);
    }
    struct source_facts longest = {.peer_is_root = true, .rhost = "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255"};
    is_str(from(&longest).net, "2001:db8:ffff::/48", "the longest there is");
}

static void test_garbage(void)
{
    char rhost[1025];
    struct source_facts facts = {true, 0, 0, "sshd", "ssh", rhost};
    memset(rhost, 'a', 255);
    rhost[255] = '\0';
    struct source exact = from(&facts);
    ok(exact.may_be_known, "a name of 255 bytes may be known");
    is_int((int)strlen(exact.text), 5 + 255, "and is whole");
    memset(rhost, 'a', 1024);
    rhost[1024] = '\0';
    struct source cut = from(&facts);
    ok(!cut.may_be_known, "1 KiB of garbage may not");
    is_str(cut.text, exact.text, "and keeps 255 bytes");
    memset(rhost, ':', 1024);
    is_int(from(&facts).kind, SOURCE_NAME, "1 KiB of colons is a name");
    memset(rhost, 'a', 1024);
    memcpy(rhost + 253, "\xf0\x9f\x94\x91", 4);
    cut = from(&facts);
    is_int((int)strlen(cut.text), 5 + 253, "a name is cut before a character, not in it");
    ok(text_is_utf8(cut.text, strlen(cut.text)), "and stays UTF-8");
    memset(rhost, 0x80, 1024);
    is_str(from(&facts).text, "name:", "bytes that are no text are cut, too");
}

static const struct {
    const char *service, *tty, *text;
} locals[] = {
    {"login", "tty1", "console:tty1"},
    {"login", "/dev/tty12", "console:tty12"},
    {"login", "ttyS0", "console:ttyS0"},
    {"login", "/dev/hvc0", "console:hvc0"},
    {"login", "console", "console:console"},
    {"gdm-password", "/dev/tty2", "console:tty2"},
    {"lightdm", ":0", "console::0"},
    {"sddm", ":1.0", "console::1.0"},
    {"login", "pts/3", "uid:1000"},
    {"login", "/dev/pts/3", "uid:1000"},
    {"login", "tty", "uid:1000"},
    {"login", "ttyUSB0", "uid:1000"},
    {"login", "tty1x", "uid:1000"},
    {"login", "tty1/../pts/0", "uid:1000"},
    {"login", "/dev//dev/tty1", "uid:1000"},
    {"login", "consoles", "uid:1000"},
    {"login", "", "uid:1000"},
    {"lightdm", "host:0", "uid:1000"},
    {"sudo", "tty1", "uid:1000"},
    {"su", "/dev/tty1", "uid:1000"},
    {"sshd", "tty1", "uid:1000"},
    {"gdm-passwor", "tty1", "uid:1000"},
    {"", "tty1", "uid:1000"},
};

static void test_local(void)
{
    for (size_t i = 0; i < sizeof locals / sizeof *locals; i++) {
        struct source_facts facts = {true, 0, 1000, locals[i].service, locals[i].tty, ""};
        bool console = strncmp(locals[i].text, "console:", 8) == 0;
        check(&facts, console ? SOURCE_CONSOLE : SOURCE_LOCAL, locals[i].text, console ? ALWAYS : MAY, locals[i].tty);
    }
    struct source_facts nulls = {.peer_is_root = true, .caller_uid = 7};
    check(&nulls, SOURCE_LOCAL, "uid:7", MAY, "nothing said");
    struct source_facts remote = {true, 0, 0, "login", "tty1", "10.0.0.7"};
    check(&remote, SOURCE_ADDRESS, "10.0.0.7", MAY, "login with an RHOST is no console");
    struct source_facts nobody = {true, 0, 65534, "su", "pts/0", ""};
    check(&nobody, SOURCE_LOCAL, "uid:65534", NEVER, "an unmapped caller");
    struct source_facts none = {true, 0, PROTOCOL_NO_UID, "su", "pts/0", ""};
    check(&none, SOURCE_LOCAL, "uid:4294967295", NEVER, "no caller");
}

static void test_self(void)
{
    struct source_facts facts = {false, 1000, 0, "login", "tty1", "10.0.0.7"};
    check(&facts, SOURCE_SELF, "self:1000", ALWAYS, "a peer that is not root, whatever it says");
    facts = (struct source_facts){.peer_uid = 65534};
    check(&facts, SOURCE_SELF, "self:65534", NEVER, "an unmapped peer");
    facts.peer_uid = PROTOCOL_NO_UID;
    check(&facts, SOURCE_SELF, "self:4294967295", NEVER, "a peer without a uid");
}

int main(void)
{
    config_defaults(&config);
    test_remote();
    test_nets();
    test_garbage();
    test_local();
    test_self();
    return tap_done();
}
