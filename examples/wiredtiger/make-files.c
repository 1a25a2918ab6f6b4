/*
 * Makes WiredTiger files of many kinds in the folder given, for tests: NAME.wt, NAME.config (its line of WiredTiger's
 * metadata) and, for each checkpoint, NAME.CHECKPOINT.pairs with all keys and values as they are stored, in hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wiredtiger.h>

#define SMALL "allocation_size=512B,internal_page_max=512B,leaf_page_max=512B"
#define EXTENSIONS "/usr/lib/x86_64-linux-gnu/libwiredtiger_"

struct kind {
	const char *name, *config;
	int records;
	void (*pair)(int i, WT_ITEM *key, WT_ITEM *value);
	/* 0: by ascending key; 1: in random order, with updates, removals and checkpoints in between; 2: and a range cut out */
	int history;
};

static char key_text[512], value_text[4096];

static void item(WT_ITEM *item, const void *data, size_t size)
{
	item->data = data;
	item->size = size;
}

static void short_pair(int i, WT_ITEM *key, WT_ITEM *value)
{
	item(key, key_text, sprintf(key_text, "%015d", 7 * i) + 1);
	item(value, value_text, sprintf(value_text, "value %d", i) + 1);
}

static void few_values(int i, WT_ITEM *key, WT_ITEM *value)
{
	short_pair(i, key, value);
	item(value, value_text, sprintf(value_text, "one of a few long values, number %d", i % 3) + 1);
}

/* Keys of 26 bytes and more that differ only at their end. */
static void end_differs(int i, int pad, WT_ITEM *key, WT_ITEM *value)
{
	short_pair(i, key, value);
	sprintf(key_text, "%06d", i / 35);
	memset(key_text + 6, 'k', pad - 6);
	item(key, key_text, pad + sprintf(key_text + pad, "%05d", i) + 1);
}

static void long_keys(int i, WT_ITEM *key, WT_ITEM *value)
{
	end_differs(i, 20 + i % 16, key, value);
}

/* The longest are kept outside of their page. */
static void longest_keys(int i, WT_ITEM *key, WT_ITEM *value)
{
	end_differs(i, 24 + i % 35, key, value);
}

static void binary_keys(int i, WT_ITEM *key, WT_ITEM *value)
{
	unsigned char *bytes = (unsigned char *)key_text;
	int n = 3 + i % 20;

	bytes[0] = i >> 8;
	bytes[1] = i;
	memset(bytes + 2, i % 5 ? 0 : 0xff, n);
	item(key, key_text, n);
	item(value, value_text, i % 4 ? 0 : sprintf(value_text, "%d", i));
}

static void large_values(int i, WT_ITEM *key, WT_ITEM *value)
{
	short_pair(i, key, value);
	if (i % 10)
		return;
	memset(value_text, 'x', 2000);
	item(value, value_text, 2000);
}

static void large_keys(int i, WT_ITEM *key, WT_ITEM *value)
{
	short_pair(i, key, value);
	if (i % 50)
		return;
	memset(key_text + 15, 'y', 300);
	item(key, key_text, 315);
}

static void medium_values(int i, WT_ITEM *key, WT_ITEM *value)
{
	short_pair(i, key, value);
	memset(value_text, 'a' + i % 26, 150);
	item(value, value_text, 60 + i % 90);
}

static const struct kind kinds[] = {
	{ "plain", SMALL, 3000, short_pair, 0 },
	{ "prefix", SMALL ",prefix_compression=true,prefix_compression_min=0", 3000, short_pair, 0 },
	{ "dictionary", SMALL ",dictionary=50", 3000, few_values, 0 },
	{ "checksum-off", SMALL ",checksum=off", 3000, short_pair, 0 },
	{ "checksum-uncompressed", SMALL ",checksum=uncompressed", 3000, short_pair, 0 },
	{ "whole-separators", SMALL ",internal_key_truncate=false", 3000, short_pair, 0 },
	{ "long-keys", SMALL, 2000, long_keys, 0 },
	{ "long-keys-prefix", SMALL ",prefix_compression=true", 2000, long_keys, 0 },
	{ "long-keys-overflow", SMALL, 2000, longest_keys, 0 },
	{ "binary-keys", SMALL, 2000, binary_keys, 0 },
	{ "medium-values", SMALL, 2000, medium_values, 0 },
	{ "large-values", SMALL, 1000, large_values, 0 },
	{ "large-keys", SMALL, 1000, large_keys, 0 },
	{ "history", SMALL, 3000, short_pair, 1 },
	{ "history-prefix", SMALL ",prefix_compression=true", 3000, short_pair, 1 },
	{ "cut-out", SMALL, 3000, short_pair, 2 },
	{ "one-record", SMALL, 1, short_pair, 0 },
	{ "one-page", SMALL, 5, short_pair, 0 },
	{ "empty", SMALL, 0, short_pair, 0 },
	{ "alloc-4k", "allocation_size=4KB", 3000, short_pair, 0 },
	{ "leaf-4k", "allocation_size=512B,internal_page_max=512B,leaf_page_max=4KB", 3000, short_pair, 0 },
	{ "internal-4k", "allocation_size=512B,internal_page_max=4KB,leaf_page_max=512B", 3000, short_pair, 0 },
	{ "snappy", "allocation_size=512B,internal_page_max=512B,leaf_page_max=512B,memory_page_max=64KB,block_compressor=snappy", 3000, few_values, 0 },
	{ "snappy-4k", "allocation_size=512B,internal_page_max=4KB,leaf_page_max=4KB,block_compressor=snappy", 3000, few_values, 0 },
	{ "zlib-4k", "allocation_size=512B,internal_page_max=4KB,leaf_page_max=4KB,block_compressor=zlib", 3000, few_values, 0 },
	{ "huffman", SMALL ",huffman_value=english", 2000, medium_values, 0 },
};

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s\n", what, wiredtiger_strerror(error));
	exit(1);
}

static void hex(FILE *out, const WT_ITEM *bytes)
{
	for (size_t i = 0; i < bytes->size; i++)
		fprintf(out, "%02x", ((const unsigned char *)bytes->data)[i]);
}

static void dump(WT_SESSION *session, const char *uri, const char *name, const char *checkpoint)
{
	char path[256], config[128];
	WT_CURSOR *cursor;
	WT_ITEM key, value;
	FILE *out;

	snprintf(path, sizeof path, "%s.%s.pairs", name, checkpoint);
	snprintf(config, sizeof config, "raw,checkpoint=%s", checkpoint);
	must(session->open_cursor(session, uri, NULL, config, &cursor), path);
	out = fopen(path, "w");
	while (!cursor->next(cursor)) {
		must(cursor->get_key(cursor, &key), path);
		must(cursor->get_value(cursor, &value), path);
		hex(out, &key);
		fputc(' ', out);
		hex(out, &value);
		fputc('\n', out);
	}
	fclose(out);
	cursor->close(cursor);
}

static void put(WT_CURSOR *cursor, const struct kind *kind, int i, const char *other)
{
	WT_ITEM key, value;

	kind->pair(i, &key, &value);
	if (other)
		item(&value, other, strlen(other) + 1);
	cursor->set_key(cursor, &key);
	cursor->set_value(cursor, &value);
	must(cursor->insert(cursor), kind->name);
}

/* Of this table only: a name that another table uses as well would be taken again. */
static void checkpoint(WT_SESSION *session, const char *uri, const char *name)
{
	char config[256];

	snprintf(config, sizeof config, "name=%s,target=(\"%s\")", name, uri);
	must(session->checkpoint(session, config), uri);
}

static void make(WT_SESSION *session, const struct kind *kind)
{
	char uri[128], config[512];
	WT_ITEM key, value;
	WT_CURSOR *cursor;

	snprintf(uri, sizeof uri, "file:%s.wt", kind->name);
	snprintf(config, sizeof config, "key_format=u,value_format=u,%s", kind->config);
	must(session->create(session, uri, config), kind->name);
	must(session->open_cursor(session, uri, NULL, "raw", &cursor), kind->name);
	for (int i = 0; i < kind->records; i++)
		put(cursor, kind, kind->history ? (i * 1009) % kind->records : i, NULL);
	if (kind->history) {
		checkpoint(session, uri, "first");
		for (int i = 0; i < kind->records; i += 3)
			put(cursor, kind, i, "updated");
		for (int i = 1; i < kind->records; i += 5) {
			kind->pair(i, &key, &value);
			cursor->set_key(cursor, &key);
			must(cursor->remove(cursor), kind->name);
		}
		checkpoint(session, uri, "second");
		for (int i = 0; i < 500; i++)
			put(cursor, kind, kind->records + i, NULL);
	}
	cursor->close(cursor);
	must(session->checkpoint(session, NULL), kind->name);
	if (kind->history == 2) {
		WT_CURSOR *start, *stop;

		must(session->open_cursor(session, uri, NULL, "raw", &start), kind->name);
		must(session->open_cursor(session, uri, NULL, "raw", &stop), kind->name);
		int exact;

		/* A search copies the key; both would otherwise share one buffer. */
		kind->pair(500, &key, &value);
		start->set_key(start, &key);
		must(start->search_near(start, &exact), kind->name);
		kind->pair(2500, &key, &value);
		stop->set_key(stop, &key);
		must(stop->search_near(stop, &exact), kind->name);
		must(session->truncate(session, NULL, start, stop, NULL), kind->name);
		start->close(start);
		stop->close(stop);
		must(session->checkpoint(session, NULL), kind->name);
	}
	dump(session, uri, kind->name, "WiredTigerCheckpoint");
	if (kind->history) {
		dump(session, uri, kind->name, "first");
		dump(session, uri, kind->name, "second");
	}
}

/* Of a table that nobody has open: closing one writes a checkpoint of its own. */
static void save_config(WT_SESSION *session, const char *name)
{
	char uri[128], path[128], *text;
	WT_CURSOR *cursor;
	FILE *out;

	snprintf(uri, sizeof uri, "file:%s.wt", name);
	snprintf(path, sizeof path, "%s.config", name);
	must(session->open_cursor(session, "metadata:", NULL, NULL, &cursor), name);
	cursor->set_key(cursor, uri);
	must(cursor->search(cursor), name);
	must(cursor->get_value(cursor, &text), name);
	out = fopen(path, "w");
	fprintf(out, "%s\n", text);
	fclose(out);
	cursor->close(cursor);
}

static void make_column_store(WT_SESSION *session)
{
	WT_CURSOR *cursor;

	must(session->create(session, "file:column.wt", "key_format=r,value_format=S," SMALL), "column");
	must(session->open_cursor(session, "file:column.wt", NULL, "append", &cursor), "column");
	for (int i = 0; i < 2000; i++) {
		sprintf(value_text, "value %d", i);
		cursor->set_value(cursor, value_text);
		must(cursor->insert(cursor), "column");
	}
	cursor->close(cursor);
	must(session->checkpoint(session, NULL), "column");
}

int main(int argc, char **argv)
{
	const char *with = "create,cache_size=50MB,extensions=[" EXTENSIONS "snappy.so," EXTENSIONS "zlib.so]";
	WT_CONNECTION *connection;
	WT_SESSION *session;
	int compressors = 1;

	if (argc != 2 || chdir(argv[1]))
		return 2;
	if (wiredtiger_open(".", NULL, with, &connection)) {
		compressors = 0;
		with = "create,cache_size=50MB";
		must(wiredtiger_open(".", NULL, with, &connection), "wiredtiger_open");
	}
	must(connection->open_session(connection, NULL, NULL, &session), "open_session");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (compressors || !strstr(kinds[i].config, "compressor"))
			make(session, &kinds[i]);
	make_column_store(session);
	must(connection->close(connection, NULL), "close");

	must(wiredtiger_open(".", NULL, with, &connection), "wiredtiger_open");
	must(connection->open_session(connection, NULL, NULL, &session), "open_session");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (compressors || !strstr(kinds[i].config, "compressor"))
			save_config(session, kinds[i].name);
	save_config(session, "column");
	must(connection->close(connection, NULL), "close");
	return 0;
}
