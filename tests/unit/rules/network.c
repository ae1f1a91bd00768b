/* SPDX-License-Identifier: MIT
 *
 * Addresses and networks: which spellings are one, what a prefix keeps, and what lies in what (L8).
 */
#include "network.h"

#include <errno.h>

#include "tap.h"

/* How an address is printed; "none" if it is not one. */
static const struct {
    const char *text, *want;
} addresses[] = {
    {"10.0.0.7", "10.0.0.7/32"},
    {"0.0.0.0", "0.0.0.0/32"},
    {"::", "::/128"},
    {"::1", "::1/128"},
    {"::2", "0.0.0.2/32"},
    {"2001:DB8::1", "2001:db8::1/128"},
    {"2001:db8::1%eth0", "2001:db8::1/128"},
    {"2001:db8::1%", "2001:db8::1/128"},
    {"::ffff:10.0.0.7", "10.0.0.7/32"},
    {"::ffff:a00:7%lo", "10.0.0.7/32"},
    {"1111:2222:3333:4444:5555:6666:255.255.255.255", "1111:2222:3333:4444:5555:6666:ffff:ffff/128"},
    {"", "none"},
    {"%eth0", "none"},
    {"10.0.0.7%eth0", "none"},
    {"10.0.0.7/32", "none"},
    {"10.0.0.07", "none"},
    {"10.0.0", "none"},
    {"10.0.0.256", "none"},
    {" 10.0.0.7", "none"},
    {"2001:db8::1::", "none"},
    {"1111:2222:3333:4444:5555:6666:255.255.255.2555", "none"},
    {"desk.example.org", "none"},
};

static void test_addresses(void)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char text[NETWORK_TEXT_SIZE] = "none";
        struct network n, untouched;
        memset(&n, 0xA5, sizeof n);
        untouched = n;
        int r = network_parse_address(addresses[i].text, &n);
        if (r == 0)
            network_print(&n, text);
        else
            ok(r == -EINVAL && memcmp(&n, &untouched, sizeof n) == 0, "\"%s\" changes nothing", addresses[i].text);
        is_str(text, addresses[i].want, "address \"%s\"", addresses[i].text);
    }
}

/* A network that a config takes as it is has an empty mend; "none": no network at all. */
static const struct {
    const char *text, *mend;
} networks[] = {
    {"10.0.0.0/8", ""},
    {"0.0.0.0/0", ""},
    {"::/0", ""},
    {"255.255.255.255/32", ""},
    {"2001:db8::1/128", ""},
    {"10.128.0.0/9", ""},
    {"2001:db8::/29", ""},
    {"10.0.0.1/31", "10.0.0.0/31"},
    {"10.0.0.0/6", "8.0.0.0/6"},
    {"1.0.0.0/0", "0.0.0.0/0"},
    {"2001:db8::/28", "2001:db0::/28"},
    {"2001:db8::1/127", "2001:db8::/127"},
    {"10.0.0.7", "10.0.0.7/32"},
    {"2001:db8::7", "2001:db8::7/128"},
    {"::ffff:10.0.0.7", "10.0.0.7/32"},
    {"::ffff:10.0.0.7/128", "10.0.0.7/32"},
    {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
    {"::ffff:0:0/96", "0.0.0.0/0"},
    {"::ffff:10.0.0.0/95", "::fffe:0:0/95"},
    {"10.0.0.0/33", "none"},
    {"::/129", "none"},
    {"10.0.0.0/", "none"},
    {"10.0.0.0/08", "none"},
    {"10.0.0.0/ 8", "none"},
    {"/8", "none"},
    {"", "none"},
    {"fe80::%eth0/64", "none"},
    {"10.0.0.0/255.0.0.0", "none"},
};

static void test_networks(void)
{
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        char text[NETWORK_TEXT_SIZE] = "none";
        struct network n;
        bool good = networks[i].mend[0] == '\0';
        is_int(network_parse(networks[i].text, &n), good ? 0 : -EINVAL, "network \"%s\"", networks[i].text);
        if (network_mend(networks[i].text, &n) == 0)
            network_print(&n, text);
        is_str(text, good ? networks[i].text : networks[i].mend, "network \"%s\": what is meant", networks[i].text);
    }
}

static void test_within(void)
{
    static const struct {
        const char *whole, *part;
        bool within;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255/32", true},
        {"10.0.0.0/8", "10.0.0.0/8", true},
        {"10.0.0.0/8", "10.0.0.0/7", false},
        {"10.0.0.0/8", "11.0.0.0/32", false},
        {"10.0.0.0/9", "10.128.0.0/32", false},
        {"0.0.0.0/0", "255.255.255.255/32", true},
        {"0.0.0.0/0", "::/128", false},
        {"::/0", "0.0.0.0/32", false},
        {"::/0", "ffff::/16", true},
        {"2001:db8::/61", "2001:db8:0:7:ffff::/128", true},
        {"2001:db8::/61", "2001:db8:0:8::/128", false},
        {"2001:db8::1/128", "2001:db8::1/128", true},
        {"2001:db8::1/128", "2001:db8::/128", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network whole, part;
        int r = network_parse(cases[i].whole, &whole), q = network_mend(cases[i].part, &part);
        ok(r == 0 && q == 0 && network_has(&whole, &part) == cases[i].within, "%s %s in %s", cases[i].part,
           cases[i].within ? "is" : "is not", cases[i].whole);
    }
}

static void test_cut(void)
{
    struct network n;
    char text[NETWORK_TEXT_SIZE];
    ok(network_parse_address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &n) == 0, "an address");
    network_cut(&n, 200);
    is_int(n.prefix, 128, "is not made longer");
    for (unsigned prefix = 128; prefix > 48; prefix--)
        network_cut(&n, prefix - 1);
    network_print(&n, text);
    is_str(text, "2001:db8:ffff::/48", "is cut bit by bit");
    network_cut(&n, 33);
    network_print(&n, text);
    is_str(text, "2001:db8:8000::/33", "and within a byte");
}

int main(void)
{
    test_addresses();
    test_networks();
    test_within();
    test_cut();
    return tap_done();
}
