/* SPDX-License-Identifier: ISC
 *
 * merge_words.c - what a client says about a merge beside what it is of.
 *
 * Owns two tables of names.  A member that is not understood is refused and never passed over: a
 * mistyped favor must not become none.
 */
#include "merge_words.h"
#include "author.h"
#include "hash.h"
#include "reply.h"

static const char *const strategies[] = {"three-way", "ours", "theirs", "union", NULL};
static const char *const favors[] = {"none", "ours", "theirs", NULL};

const char *merge_words_strategy_name(enum merge_words_strategy strategy)
{
    assert(strategy <= MERGE_WORDS_UNION);
    return strategies[strategy];
}

const char *merge_words_favor_name(enum bough_merge_favor favor)
{
    assert(favor <= BOUGH_MERGE_FAVOR_THEIRS);
    return favors[favor];
}

/* The place of a member's text among `names`; *index stays where the member is not there. */
static bool read_name(struct request *request, const struct json *body, const char *member,
                      const char *const *names, unsigned *index)
{
    const struct json *given = json_read_member(body, member);

    if (given == NULL)
        return true;
    for (unsigned i = 0; names[i] != NULL && given->kind == JSON_STRING; i++) {
        if (bough_bytes_equal(given->text, bough_bytes_text(names[i]))) {
            *index = i;
            return true;
        }
    }
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" is none of those that there are",
                        member);
    return false;
}

static bool read_flag(struct request *request, const struct json *body, const char *member,
                      bool *flag)
{
    const struct json *given = json_read_member(body, member);

    if (given == NULL)
        return true;
    *flag = given->kind == JSON_TRUE;
    if (*flag || given->kind == JSON_FALSE)
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must be true or false", member);
    return false;
}

static bool read_text(struct request *request, const struct json *body, const char *member,
                      struct bough_bytes *text)
{
    const struct json *given = json_read_member(body, member);

    if (given == NULL)
        return true;
    *text = given->text;
    if (given->kind == JSON_STRING)
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"%s\" must be a string", member);
    return false;
}

static bool read_expect(struct request *request, const struct json *body, struct merge_words *words)
{
    const struct json *given = json_read_member(body, "expect");

    if (given == NULL)
        return true;
    words->expect = BOUGH_EXPECT_NAME;
    if (given->kind == JSON_STRING && hash_parse(given->text, &words->expected))
        return true;
    (void)reply_problem(request, PROBLEM_UNPROCESSABLE, "\"expect\" must be a full commit hash");
    return false;
}

struct merge_words merge_words_initial(void)
{
    return (struct merge_words){.keep = true};
}

bool merge_words_read(struct request *request, const struct json *body, struct merge_words *words)
{
    unsigned strategy = words->strategy;
    unsigned favor = words->favor;

    if (!read_name(request, body, "strategy", strategies, &strategy) ||
        !read_name(request, body, "favor", favors, &favor) ||
        !read_flag(request, body, "allow_unrelated", &words->unrelated) ||
        !read_flag(request, body, "no_ff", &words->no_ff) ||
        !read_flag(request, body, "dry_run", &words->dry_run) ||
        !read_flag(request, body, "keep", &words->keep) ||
        !read_text(request, body, "message", &words->message) || !read_expect(request, body, words))
        return false;
    words->strategy = (enum merge_words_strategy)strategy;
    words->favor = (enum bough_merge_favor)favor;
    return true;
}

bool merge_words_who(struct request *request, const struct json *body, struct merge_words *words)
{
    struct bough_bytes why = http_in_field(&request->in, "Bough-Message", 0);
    struct bough_bytes author = {0};

    if (why.at != NULL && json_read_member(body, "message") == NULL)
        words->message = why;
    return read_text(request, body, "author", &author) &&
           author_ident(request, author, &words->author);
}

bool merge_words_expected(struct request *request, const struct merge_words *words,
                          const struct bough_hash *head)
{
    if (words->expect == BOUGH_EXPECT_ANY || bough_hash_equal(&words->expected, head))
        return true;
    (void)reply_problem(request, PROBLEM_HEAD_MOVED, "%s", "");
    reply_hash(request, "Bough-Commit", head, false);
    return false;
}
