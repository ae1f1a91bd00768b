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
        struct source_facts facts = {true, 0, 0, "sshd", "ssh", remotes[i].rhost, false};
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
        struct source_facts facts = {true, 0, 0, "sshd", "ssh", nets[i].rhost, false};
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
    struct source_facts facts = {true, 0, 0, "sshd", "ssh", rhost, false};
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
    {"login", "tty1x", "console:tty1x"},
    {"login", "tty1 ", "uid:1000"},
    {"login", "tty1\xc3\xa9", "uid:1000"},
    {"login", "/tmp/tty1", "uid:1000"},
    {"login", "dev/tty1", "uid:1000"},
    {"login", "hvc", "uid:1000"},
    {"login", ":", "uid:1000"},
    {"login", "ttyS", "uid:1000"},
    {"login", "/dev/", "uid:1000"},
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
        struct source_facts facts = {true, 0, 1000, locals[i].service, locals[i].tty, "", false};
        bool console = strncmp(locals[i].text, "console:", 8) == 0;
        check(&facts, console ? SOURCE_CONSOLE : SOURCE_LOCAL, locals[i].text, console ? ALWAYS : MAY, locals[i].tty);
    }
    struct source_facts line = {.peer_is_root = true, .caller_uid = 1000, .service = "login", .tty = "tty1\n"};
    check(&line, SOURCE_LOCAL, "uid:1000", MAY, "a tty with a line end");
    char tty[257];
    memset(tty, '1', 256);
    tty[256] = '\0';
    memcpy(tty, "tty", 3);
    is_int((int)strlen(from(&(struct source_facts){.peer_is_root = true, .service = "login", .tty = tty}).text),
           8 + 256, "the longest tty fits");
    struct source_facts nulls = {.peer_is_root = true, .caller_uid = 7};
    check(&nulls, SOURCE_LOCAL, "uid:7", MAY, "nothing said");
    struct source_facts remote = {true, 0, 0, "login", "tty1", "10.0.0.7", false};
    check(&remote, SOURCE_ADDRESS, "10.0.0.7", MAY, "login with an RHOST is no console");
    struct source_facts nobody = {true, 0, 65534, "su", "pts/0", "", false};
    check(&nobody, SOURCE_LOCAL, "uid:65534", NEVER, "an unmapped caller");
    struct source_facts none = {true, 0, PROTOCOL_NO_UID, "su", "pts/0", "", false};
    check(&none, SOURCE_LOCAL, "uid:4294967295", NEVER, "no caller");
}

/* console_services and consoles are asked, and nothing else. */
static void test_consoles(void)
{
    static struct config other;
    char error[CONFIG_ERROR_SIZE];
    static const char text[] = "[authcd]\nconsole_services = kmscon\nconsoles = pts/[0-2] vc?*\n";
    is_int(config_parse(text, strlen(text), "f", &other, error), 0, "a config with other consoles");
    static const struct {
        const char *service, *tty;
        bool console;
    } cases[] = {
        {"kmscon", "pts/0", true},  {"kmscon", "/dev/pts/2", true}, {"kmscon", "vc1", true},  {"kmscon", "vcsa", true},
        {"kmscon", "pts/3", false}, {"kmscon", "pts/00", false},    {"kmscon", "vc", false},  {"kmscon", "vc/1", false},
        {"kmscon", "tty1", false},  {"login", "pts/0", false},      {"login", "tty1", false}, {"kmscon", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source_facts facts = {.peer_is_root = true, .service = cases[i].service, .tty = cases[i].tty};
        struct source s;
        source_from(&s, &facts, &other.authcd);
        is_int(s.kind == SOURCE_CONSOLE, cases[i].console, "%s on %s", cases[i].service, cases[i].tty);
    }
    static const char all[] = "[authcd]\nconsoles = *\n", none[] = "[authcd]\nconsoles =\n";
    struct source_facts pts = {.peer_is_root = true, .service = "login", .tty = "pts/0"};
    struct source_facts tty = {.peer_is_root = true, .service = "login", .tty = "tty1"};
    struct source s;
    is_int(config_parse(all, strlen(all), "f", &other, error), 0, "consoles = *");
    source_from(&s, &tty, &other.authcd);
    is_int(s.kind, SOURCE_CONSOLE, "takes tty1");
    source_from(&s, &pts, &other.authcd);
    is_int(s.kind, SOURCE_LOCAL, "and not pts/0: only a slash is a slash");
    is_int(config_parse(none, strlen(none), "f", &other, error), 0, "consoles =");
    source_from(&s, &tty, &other.authcd);
    is_int(s.kind, SOURCE_LOCAL, "takes none");
}

static void test_proxies(void)
{
    static struct config other;
    char error[CONFIG_ERROR_SIZE];
    static const char text[] = "[authcd]\nproxies = 192.0.2.128/25 198.51.100.7/32 2001:db8::/63 2001:db8:9::9/128\n";
    is_int(config_parse(text, strlen(text), "f", &other, error), 0, "a config with proxies");
    static const struct {
        const char *rhost;
        bool proxy;
    } cases[] = {
        {"192.0.2.127", false},         {"192.0.2.128", true},
        {"192.0.2.255", true},          {"192.0.3.0", false},
        {"::ffff:192.0.2.200", true},   {"::192.0.2.200", true},
        {"198.51.100.6", false},        {"198.51.100.7", true},
        {"198.51.100.8", false},        {"2001:db8::ffff:ffff:ffff:ffff", true},
        {"2001:db8:0:1::1%eth0", true}, {"2001:db8:0:1:ffff:ffff:ffff:ffff", true},
        {"2001:db8:0:2::", false},      {"2001:db8:9::9", true},
        {"2001:db8:9::8", false},       {"192.0.2.128/25", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source_facts facts = {true, 0, 0, "sshd", "ssh", cases[i].rhost, false};
        struct source s;
        source_from(&s, &facts, &other.authcd);
        is_int(s.counted, !cases[i].proxy, "%s is %s", cases[i].rhost, cases[i].proxy ? "a proxy" : "none");
        is_int(s.net[0] == '\0', cases[i].proxy, "%s: its net", cases[i].rhost);
        ok(s.may_be_known, "%s may be known", cases[i].rhost);
    }
    static const char ipv4[] = "[authcd]\nproxies = 0.0.0.0/0\n", ipv6[] = "[authcd]\nproxies = ::/0\n";
    struct source_facts four = {true, 0, 0, "sshd", "ssh", "::ffff:203.0.113.9", false};
    struct source_facts six = {true, 0, 0, "sshd", "ssh", "2001:db8::9", false};
    struct source a, b;
    is_int(config_parse(ipv4, strlen(ipv4), "f", &other, error), 0, "all of IPv4");
    source_from(&a, &four, &other.authcd);
    source_from(&b, &six, &other.authcd);
    ok(!a.counted && b.counted, "is no IPv6");
    is_int(config_parse(ipv6, strlen(ipv6), "f", &other, error), 0, "all of IPv6");
    source_from(&a, &four, &other.authcd);
    source_from(&b, &six, &other.authcd);
    ok(a.counted && !b.counted, "is no IPv4");
}

/* What the module says of this host's addresses, of which authcd sees none. */
static void test_own(void)
{
    struct source_facts facts = {true, 0, 0, "sshd", "ssh", "192.0.2.7", true};
    struct source s = from(&facts);
    is_str(s.text, "192.0.2.7", "an address of this host");
    ok(!s.may_be_known && s.counted && s.net[0] != '\0', "is counted, and never known");
    facts.rhost = "2001:db8::7";
    ok(!from(&facts).may_be_known, "IPv6 likewise");
    facts = (struct source_facts){.peer_is_root = true, .caller_uid = 1000, .own_address = true};
    ok(from(&facts).may_be_known, "who has no address has none of this host's");
    facts = (struct source_facts){.peer_uid = 1000, .rhost = "192.0.2.7", .own_address = true};
    ok(from(&facts).always_known, "a peer that is not root is not believed");
}

/* From the message itself. */
static void test_begin(void)
{
    static struct msg_begin begin = {.service = "sshd", .tty = "ssh", .rhost = "192.0.2.7", .caller_uid = 5};
    struct source s;
    source_of_begin(&s, &begin, 0, &config.authcd);
    is_str(s.text, "192.0.2.7", "BEGIN of root: its rhost");
    ok(s.may_be_known, "which may be known");
    begin.flags = BEGIN_SILENT | BEGIN_PRELIM | BEGIN_ONLY_EXPIRED;
    source_of_begin(&s, &begin, 0, &config.authcd);
    ok(s.may_be_known, "whatever the other flags");
    begin.flags = BEGIN_OWN_ADDRESS;
    source_of_begin(&s, &begin, 0, &config.authcd);
    ok(!s.may_be_known, "unless it is this host's");
    source_of_begin(&s, &begin, 1000, &config.authcd);
    is_str(s.text, "self:1000", "BEGIN of somebody: who they are");
    begin.rhost[0] = '\0';
    source_of_begin(&s, &begin, 0, &config.authcd);
    is_str(s.text, "uid:5", "BEGIN without rhost: the caller");
    strcpy(begin.service, "login");
    strcpy(begin.tty, "tty1");
    source_of_begin(&s, &begin, 0, &config.authcd);
    is_str(s.text, "console:tty1", "BEGIN of login: the tty");
}

static void test_self(void)
{
    struct source_facts facts = {false, 1000, 0, "login", "tty1", "10.0.0.7", false};
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
    test_consoles();
    test_proxies();
    test_own();
    test_begin();
    test_self();
    return tap_done();
}
