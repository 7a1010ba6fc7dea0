"""python_models.py FOLDER GOLDEN: the package heddle with models of FOLDER, beside golden files."""
import gc
import json
import pathlib
import sys
import threading
import time
import unittest

import numpy as np

import heddle

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "end-to-end"))
from trace_file import TraceFile  # noqa: E402

FOLDER, GOLDEN = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PROMPT = "And God said"
GREEDY = {"max_tokens": 12, "temperature": 0}


def load_rows(name, lengths):
    return np.split(np.load(GOLDEN / f"{name}.npy"), np.cumsum(lengths)[:-1])


def close_to(found, needed):
    return np.abs(found - needed).max() <= 1e-4 * np.abs(needed).max()


class Text(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = heddle.load(FOLDER / "libtalker.so", threads=2)

    def test_a_model_says_what_it_is(self):
        model = self.model
        self.assertEqual((model.name, model.context, model.vocabulary), ("talker", 256, 3072))
        self.assertTrue(model.generates and model.chats and model.embedding_width == 0)
        self.assertEqual(model.special_tokens["eos"], 0)
        self.assertEqual(set(model.entries), {"step", "score"})
        self.assertAlmostEqual(model.generation()["temperature"], 0.7, 6)

    def test_a_stream_is_the_text(self):
        text = self.model.generate(PROMPT, **GREEDY)
        self.assertEqual("".join(self.model.generate(PROMPT, stream=True, **GREEDY)), text)
        tokens = []
        self.model.generate(PROMPT, on_token=tokens.append, **GREEDY)
        self.assertEqual("".join(token.text for token in tokens), text)
        self.assertEqual([token.id for token in tokens][-1], -1)

    def test_several_prompts_are_what_each_is_alone(self):
        texts = self.model.generate([PROMPT, "And Moses"], seed=3, max_tokens=8)
        self.assertEqual(texts, [self.model.generate(prompt, seed=3, max_tokens=8) for prompt in (PROMPT, "And Moses")])

    def test_a_prompt_may_be_token_ids(self):
        ids, text = self.model.tokenize(PROMPT), self.model.generate(PROMPT, **GREEDY)
        self.assertEqual(self.model.generate(ids, **GREEDY), text)
        self.assertEqual(self.model.generate(np.array([ids, ids]), **GREEDY), [text, text])
        with self.assertRaisesRegex(ValueError, "texts and token ids among the prompts"):
            self.model.generate([PROMPT, ids])
        with self.assertRaisesRegex(heddle.Error, "3072"):
            self.model.generate([3072])

    def test_options_are_those_of_the_command_line(self):
        text = self.model.generate(PROMPT, **GREEDY)
        self.assertEqual(self.model.generate(PROMPT, stop=text[5:9], **GREEDY), text[:5])
        first = self.model.tokenize(PROMPT + text, plain=True)[len(self.model.tokenize(PROMPT, plain=True))]
        other = self.model.generate(PROMPT, logit_bias={first: -100}, **GREEDY)
        self.assertNotEqual(other.split()[0], text.split()[0])
        tokens = []
        self.model.generate(PROMPT, on_token=tokens.append, logprobs=2, **GREEDY)
        self.assertEqual(tokens[0].likeliest[0], (tokens[0].id, tokens[0].logprob))
        self.assertGreater(self.model.generate(PROMPT, beams=3, **GREEDY), "")
        drawn = {"max_tokens": 60, "temperature": 0.5, "seed": 2}
        for source in ("lookup", "model"):
            self.assertEqual(self.model.generate(PROMPT, speculate=source, **drawn), self.model.generate(PROMPT, **drawn))
        with self.assertRaisesRegex(ValueError, "speculate is 'guess', needed one of none, lookup, model"):
            self.model.generate(PROMPT, speculate="guess")

    def test_a_profile_tells_where_the_time_of_calls_goes(self):
        path, text = FOLDER / "trace.json", self.model.generate(PROMPT, **GREEDY)
        found = []
        with self.model.profile(path):
            with self.assertRaisesRegex(heddle.Error, "talker is being profiled already"), self.model.profile(path):
                pass
            hosts = [threading.Thread(target=lambda: found.append(self.model.generate(PROMPT, **GREEDY))) for _ in range(4)]
            for host in hosts:
                host.start()
            for host in hosts:
                host.join()
        self.assertEqual(found, [text] * 4)
        trace = TraceFile(path)
        trace.check_totals()
        self.assertEqual(len(trace.of("call")), 4 * GREEDY["max_tokens"])
        with self.assertRaisesRegex(heddle.Error, "none/trace.json: No such file"), self.model.profile(FOLDER / "none" / "trace.json"):
            pass
        with self.assertRaises(KeyError), self.model.profile(FOLDER / "left.json"):
            raise KeyError
        self.assertFalse((FOLDER / "left.json").exists())

    def test_a_schema_is_kept_to(self):
        schema = {"type": "object", "properties": {"age": {"type": "integer", "maximum": 99}}, "required": ["age"],
                  "additionalProperties": False}
        for given in (schema, json.dumps(schema)):
            self.assertLessEqual(json.loads(self.model.generate(PROMPT, json_schema=given, seed=2))["age"], 99)

    def test_mistakes_are_exceptions(self):
        for options, error in [({"tempurature": 1}, TypeError), ({"max_tokens": 0}, ValueError), ({"top_k": -7}, heddle.Error),
                               ({"early_stopping": "soon"}, ValueError), ({"stop": ""}, heddle.Error)]:
            with self.assertRaises(error):
                self.model.generate(PROMPT, **options)
        with self.assertRaisesRegex(heddle.Error, "talker does not make vectors of texts"):
            self.model.embed("a")
        with self.assertRaises(ValueError):
            self.model.generate("a\0b")
        with self.assertRaisesRegex(heddle.Error, "needed"):
            heddle.load(FOLDER / "libtalker.so", threads=-3)
        with self.assertRaisesRegex(heddle.Error, "none.so"):
            heddle.load(FOLDER / "none.so")

    def test_what_a_callback_raises_ends_the_text_and_is_raised(self):
        def fail(token):
            raise LookupError(token.text)

        with self.assertRaises(LookupError):
            self.model.generate(PROMPT, on_token=fail, **GREEDY)
        count = []
        self.model.generate(PROMPT, on_token=lambda token: count.append(token) or len(count) < 3, **GREEDY)
        self.assertEqual(len(count), 4)  # and the end

    def test_a_stream_that_is_dropped_ends(self):
        before = threading.active_count()
        stream = self.model.generate(PROMPT, stream=True, max_tokens=200, temperature=0)
        next(stream)
        del stream
        gc.collect()
        self.assertEqual(threading.active_count(), before)

    def test_a_stream_raises_what_went_wrong(self):
        with self.assertRaisesRegex(heddle.Error, "tokens"):
            list(self.model.generate("and " * 400, stream=True))

    def test_sessions_in_threads_find_the_same(self):
        needed, found = self.model.generate(PROMPT, seed=5, max_tokens=16), [None] * 4

        def write(number):
            found[number] = self.model.generate(PROMPT, seed=5, max_tokens=16)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [needed] * 4)

    def test_a_text_goes_on(self):
        with self.model.session(rows=1) as session:
            text = session.generate(PROMPT, max_tokens=5, temperature=0) + session.generate("", resume=True, max_tokens=5, temperature=0)
        self.assertEqual(text, self.model.generate(PROMPT, max_tokens=10, temperature=0))

    def test_a_conversation_is_read_once(self):
        messages = [{"role": "user", "content": "And \"God\" said"}]
        with self.model.session(rows=1) as session:
            answer = session.chat(messages, **GREEDY)
            messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": "And Moses"}]
            second = session.chat(messages, **GREEDY)
        text = self.model.render_chat(messages)
        self.assertEqual(text, f"user: And \"God\" said\nassistant: {answer.strip()}\nuser: And Moses\nassistant:")
        self.assertEqual(self.model.chat(messages, **GREEDY), second)
        self.assertEqual("".join(self.model.chat(messages, stream=True, **GREEDY)), second)
        self.assertIn("[{", self.model.render_chat(messages, tools=[{"name": "f"}]))
        self.assertTrue(self.model.render_chat(messages, variables={"mood": "glad"}).endswith("gladassistant:"))
        with self.assertRaisesRegex(heddle.Error, "message 1 has no role"):
            self.model.chat([{"content": "a"}])

    def test_tokens_and_text(self):
        ids = self.model.tokenize(PROMPT)
        self.assertEqual(self.model.detokenize(ids), PROMPT)
        self.assertEqual(self.model.detokenize([0], special_tokens=True), "<|endoftext|>")


class Vectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = heddle.load(FOLDER / "libembedder.so")
        cls.expected = json.loads((GOLDEN / "sentences.json").read_text())

    def test_texts_have_the_vectors_of_sentence_transformers(self):
        case = self.expected["cases"][0]
        vectors = self.model.embed(self.expected["texts"])
        self.assertEqual(vectors.dtype, np.float32)
        self.assertTrue(close_to(vectors, np.array(case["vectors"])))
        self.assertTrue(np.allclose(self.model.similarity(vectors, vectors), case["similarity"], atol=1e-3))
        self.assertTrue(np.array_equal(self.model.embed(self.expected["texts"][1]), vectors[1]))

    def test_what_is_asked_of_it_alone_is_there(self):
        with self.assertRaisesRegex(heddle.Error, "does not generate"):
            self.model.generate("a")
        with self.assertRaisesRegex(heddle.Error, "has no prompt none"):
            self.model.embed("a", prompt="none")
        with self.assertRaisesRegex(heddle.Error, "encode is no entry of embedder that gives a text's vector"):
            self.model.embed("a", entry="encode")


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = heddle.load(FOLDER / "libbert.so")
        cls.lengths = np.load(GOLDEN / "lengths_ragged.npy").tolist()

    def test_rows_of_their_own_lengths(self):
        ids = load_rows("ids_ragged", self.lengths)
        found = self.model.call("encode", ids=ids, types=load_rows("types_ragged", self.lengths))
        for one, other in zip(found, load_rows("bert/encode_ragged", self.lengths)):
            self.assertEqual(one.shape, other.shape)
            self.assertTrue(close_to(one, other))
        with self.assertRaisesRegex(ValueError, "T is"):
            self.model.call("encode", ids=ids, types=ids[::-1])

    def test_rows_of_one_length_are_an_array(self):
        ids = np.load(GOLDEN / "ids_12.npy").reshape(1, -1)
        found = self.model.call("encode", ids=np.concatenate([ids, ids]), types=np.tile(np.load(GOLDEN / "types_12.npy").reshape(1, -1), (2, 1)))
        self.assertEqual(found.shape, (2, 12, 32))
        self.assertTrue(np.array_equal(found[0], found[1]))
        self.assertTrue(close_to(found[0], np.load(GOLDEN / "bert/encode_12.npy").reshape(12, 32)))

    def test_what_is_no_input_is_refused(self):
        for arrays, error in [({"idz": [[1]]}, TypeError), ({"ids": [[1.5]]}, TypeError), ({"ids": [1, 2]}, ValueError),
                              ({"ids": [[97]]}, heddle.Error), ({"ids": [[2**40]]}, ValueError), ({}, ValueError)]:
            with self.assertRaises(error, msg=str(arrays)):
                self.model.call("encode", **arrays)
        with self.assertRaisesRegex(KeyError, "no entry decode"):
            self.model.call("decode")

    def test_others_run_meanwhile(self):
        """A call leaves the interpreter to other threads, which get it here from nothing else."""
        count, stop, interval = 0, threading.Event(), sys.getswitchinterval()

        def work():
            nonlocal count
            while not stop.is_set():
                count += 1
                time.sleep(0)

        with self.model.session() as session:
            ids = np.ones((32, 64), np.int32)
            thread = threading.Thread(target=work)
            thread.start()
            sys.setswitchinterval(1000)
            try:
                before, calls = count, 0
                while count == before and calls < 1000:
                    session.call("encode", ids=ids)
                    calls += 1
                after = count
            finally:
                sys.setswitchinterval(interval)
                stop.set()
                thread.join()
        self.assertGreater(after, before)


class Translator(unittest.TestCase):
    def test_an_entry_reads_what_another_has_set(self):
        model, lengths = heddle.load(FOLDER / "libt5.so"), np.load(GOLDEN / "lengths_ragged.npy").tolist()
        targets = np.load(GOLDEN / "target_lengths_ragged.npy").tolist()
        with model.session(rows=8) as session:
            self.assertEqual(session.call("encode", src=load_rows("ids_ragged", lengths)), {})
            found = session.call("step", ids=load_rows("target_ragged", targets))
            self.assertEqual(session.length(2), targets[2])
            session.rewind(2, 0)
            self.assertEqual(session.length(2), 0)
        self.assertEqual(found.shape, (8, model.vocabulary))
        self.assertTrue(close_to(found, np.load(GOLDEN / "t5/step_ragged.npy")))


suite = unittest.TestLoader().loadTestsFromModule(sys.modules[__name__])
result = unittest.TextTestRunner(stream=sys.stderr).run(suite)
print(f"{result.testsRun} tests")
sys.exit(not result.wasSuccessful())
