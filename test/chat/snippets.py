"""Small templates, each for one thing that Jinja or Python does. VARIABLES are theirs."""

VARIABLES = {
    "n": None, "t": True, "f": False, "i": 7, "z": 0, "x": 2.5, "s": "Hello, World", "e": "", "u": "ÄÖÜ straße ﬁ ΑΣ İ 🙂é",
    "w": " \t\n pad \u00a0\u3000", "l": [3, 1, 2], "m": ["b", "A", "c", "a"], "d": {"b": 1, "A": [1, {"c": None}], "items": "key", "a": "x"},
    "p": [{"name": "Zoe", "age": 3, "on": True}, {"name": "adam", "age": 1, "on": False}, {"name": "Bob", "age": 2}],
    "nested": {"a": {"b": [10, 20, {"c": "deep"}]}}, "q": "it's \"q\" \\ \n \x07 \x7f é 🙂 \u200b", "lines": "one\ntwo\n\nthree\r\nfour\x0bfive",
    "html": "<a href=\"x\">'&'</a>", "big": 123456789012, "neg": -3, "floats": [1e16, 1e15, 1e-5, 0.0001, 1e22, 0.1, 100.0, -0.0, 1.5e300, 3.14],
}

EXPRESSIONS = r"""
1 + 2 * 3 - 4 / 2
7 // 2
-7 // 2
7 % -3
-7 % 3
7.5 // 2
-7.5 % 2
2 ** 10
2 ** -1
-2 ** 2
2 ** 3 ** 2
1 / 3
10 / 5
1e3
1_000 + 0
1.5e-7
0.1 + 0.2
- i
+ i
-i|abs
(-i)|abs
'a' ~ 1 ~ none ~ 2.0 ~ true ~ [1, 'x'] ~ {'k': (1,)} ~ ()
'a' 'b' "c"
'a' * 3
3 * [1, 2]
[1] + [2]
(1,) + (2, 3)
'%s and %d%%' % ('x', 3)
'%s' % 'x'
'%s' % none
'%d' % 'x'
'{0} {1} {a}'.format(1, 2, a=3)
'{} {} {a} {{}}'.format(1, 'b', a=3)
'{:>3}'.format(1)
1 < 2 < 3
1 < 3 < 2
1 == 1.0
true == 1
'a' < 'b'
'é' > 'z'
[1, 2] < [1, 3]
1 < 'a'
none == false
undefinedvar == none
undefinedvar == othervar
'ell' in s
1 in l
'z' not in d
'b' in d
none in e
5 in 5
not t
not not f
t and 'x' or 'y'
e or n or 'last'
f and undefinedvar.x
1 if t else 2
1 if f
(1 if f) is defined
'a' if f else 'b' if f else 'c'
[1, 2, 3,]
[]
{}
{'a': 1, 'b': [2, 3], 1: none, none: true}
(1)
(1,)
()
1, 2
[1, 2, 3][-1]
l[1:]
l[:-1]
l[::-1]
l[::2]
l[5:]
l[-100:2]
l[10]
s[0]
s[-1]
s[1:5]
s[::-1]
s[100]
u[3:9]
u[-1]
u[::-2]
u|length
d.b
d['b']
d.items
d['items']
d.missing
d.missing is defined
d.missing.more
d['missing']['more']
n.x
n.x.y
n['x']
i.x
s.x
l.x
l.0
nested.a.b.2.c
nested['a'].b[2]['c']
d.get('b')
d.get('zz')
d.get('zz', 'dflt')
d.keys()|list
d.values()|list
d.items()|list
d|items|list
d.keys()|length
d.update({'a': 1})
l.append(1)
l.index(1)
l.count(3)
s.index('W')
s.find('zz')
s.find('o')
s.rfind('o')
u.find('🙂')
s.count('l')
s.upper()
s.lower()
s.title()
s.capitalize()
u.upper()
u.lower()
u.title()
u.capitalize()
u|upper
u|lower
u|title
u|capitalize
'ΑΣ ΑΣΑ Σ ΌΔΟΣ.'|lower
'hello-world (foo) [bar] it\'s'|title
'hello-world it\'s x2y'.title()
'aBc'.swapcase()
w|trim
w.strip() ~ '|'
w.lstrip() ~ '|'
w.rstrip() ~ '|'
'xxaxx'.strip('x')
'xyaxy'|trim('xy')
s.split()
s.split(',')
s.split('l', 1)
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.split(' ')
''.split()
''.split(',')
'a,b,c'.rsplit(',', 1)
lines.splitlines()
lines.splitlines(true)
'a-b'.partition('-')
'ab'.partition('-')
s.startswith('Hell')
s.startswith(('x', 'H'))
s.endswith('d')
s.removeprefix('Hel')
s.removesuffix('ld')
s.replace('l', 'L')
s.replace('l', 'L', 1)
'abc'.replace('', '-')
s|replace('l', '')
s|replace('l', 'L', 2)
'-'.join(['a', 'b'])
'-'.join([1])
'12'.isdigit() ~ ''.isdigit() ~ 'a1'.isalnum() ~ 'a'.isalpha() ~ ' '.isspace() ~ 'A'.isupper() ~ 'a'.islower()
'²'.isdigit()
s|length
d|length
n|length
i|length
undefinedvar|length
undefinedvar|default('x')
n|default('x')
n|default('x', true)
e|default('x', boolean=true)
e|d('x')
undefinedvar|default
s|first
s|last
[]|first
[]|first is defined
l|last
l|map('string')|last
l|join
l|join(', ')
p|join(', ', attribute='name')
p|map(attribute='name')|list
p|map(attribute='on')|list
p|map(attribute='on', default='no')|list
m|map('upper')|join(' ')
m|map('replace', 'a', 'x')|list
['1', '2']|map('int')|sum
p|selectattr('on')|map(attribute='name')|list
p|selectattr('age', 'gt', 1)|map(attribute='name')|list
p|selectattr('name', 'equalto', 'Bob')|list
p|selectattr('on', 'defined')|list|length
p|rejectattr('on')|map(attribute='name')|list
l|select('odd')|list
l|reject('odd')|list
[0, 1, none, 'x']|select|list
l|select('in', [1, 2])|list
n|select|list
n|map('upper')|list
l|sort
m|sort
m|sort(case_sensitive=true)
l|sort(reverse=true)
p|sort(attribute='name')|map(attribute='name')|list
p|sort(attribute='age', reverse=true)|map(attribute='age')|list
[1, 'a']|sort
l|reverse|list
s|reverse
l|min ~ l|max ~ m|min ~ m|max
p|max(attribute='age')
l|sum
p|sum(attribute='age')
p|sum(attribute='age', start=10)
m|unique|list
['a', 'A', 'b']|unique|list
['a', 'A', 'b']|unique(case_sensitive=true)|list
d|dictsort
{'b': 1, 'A': 2, 'c': 0}|dictsort(true)
{'b': 1, 'A': 2, 'c': 0}|dictsort(false, 'value')
{'b': 1, 'A': 2, 'c': 0}|dictsort(by='value', reverse=true)
u|list
d|list
'5'|int + 1
' 5 '|int
'5.7'|int
'x'|int
'x'|int(9)
'0x1f'|int(base=16)
5.9|int
-5.9|int
true|int
none|int
'1_000'|int
'1.5'|float
'x'|float
'x'|float(2)
3|float
2.675|round(2)
2.5|round
3.5|round
7|round
2.1|round(method='ceil')
2.19|round(1, 'floor')
neg|abs
-2.5|abs
i|string ~ 'x'
x|string
n|string
l|string
floats
floats|tojson
1e400
[1.0, 2]|tojson
d|tojson
d|tojson(indent=2)
d|tojson(indent=4, sort_keys=true)
{}|tojson(indent=2) ~ []|tojson(indent=2)
[[], {}, [1]]|tojson(indent=1)
d|tojson(separators=(',', ':'))
u|tojson
u|tojson(ensure_ascii=true)
q|tojson
q|tojson(ensure_ascii=true)
[q]
['it\'s', "a\"b", 'both\'"', 'tab\t', '\u200b\x00é']
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
undefinedvar|tojson
(1, 2)|tojson
html|e
html|escape|safe
html|safe
html|safe ~ '<'
(html|safe) + '<'
('<b>'|safe).upper() + '<'
'a'|safe|upper|lower|trim|length
lines|indent
lines|indent(2, true)
lines|indent(2, first=true, blank=true)
lines|indent('> ')
'x'|indent(3)
''|indent(3, true)
'%s-%s'|format(1, 'b')
range(5)|list
range(2, 5)|list
range(5, 0, -2)|list
range(3)
range(3)|length
range(100001)
range(0)
dict(a=1, b=2)
dict({'a': 1}, b=2)
namespace(a=1).a
n is none
undefinedvar is none
undefinedvar is undefined
undefinedvar is defined
s is string
html|safe is string
i is number ~ x is number ~ t is number ~ s is number
i is integer ~ t is integer ~ x is float
t is boolean ~ n is boolean
t is true ~ 1 is true ~ f is false ~ 0 is false
d is mapping ~ l is mapping
s is iterable ~ l is iterable ~ d is iterable ~ i is iterable ~ n is iterable ~ undefinedvar is iterable
s is sequence ~ l is sequence ~ d is sequence ~ i is sequence ~ (1,) is sequence ~ d.items() is sequence ~ undefinedvar is sequence
i is odd ~ i is even
i is divisibleby 7
i is divisibleby(3)
i is eq 7
i is equalto(8)
i is ne 7
i is gt 3
i is in [7, 8]
i is not in [7, 8]
'a' is in 'abc'
s is upper ~ 'ABC' is upper ~ 'abc' is lower ~ e is lower
range is callable ~ s is callable
n is sameas none
t is sameas true
'trim' is filter ~ 'zz' is filter ~ 'odd' is test
s is not string
not s is string
i is defined and s is string
i is number and i > 3
x is not none and x
1 is 1
s()
undefinedvar()
undefinedvar.x
undefinedvar + 1
undefinedvar ~ 'x'
undefinedvar|list
undefinedvar[0]
n + 1
s + 1
s - 1
l + s
d + d
i / z
i % z
i // 0.0
not
1 +
s|nofilter
s is notest
s.encode()
lipsum()
s|urlize
[1, 2
{'a' 1}
'abc
'\x41\u00e9\U0001F642\101\n\t\\\'\"\a\q'
'a\
b'
0x10
007
1.
a.b.c
true.x
True ~ False ~ None
[i for i in l]
9223372036854775807 + 1
9223372036854775807
99999999999999999999
2 ** 100
'a' * 1000000000000
joiner(', ')
strftime_now('%Y-%m-%d %H:%M %B %d')
strftime_now('%d %b %Y')
d.b.c is defined
s.upper is defined
[1, 2, 3] | batch(2) | list
'a' in none
loop
""".strip("\n").replace("\\\n", "\\\x00").split("\n")
EXPRESSIONS = [expression.replace("\x00", "\n") for expression in EXPRESSIONS]

STATEMENTS = [
    "{% for a in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for a in l %}{{ loop.previtem }}<{{ a }}>{{ loop.nextitem }}{{ loop.cycle('x', 'y') }}{{ loop.changed(a > 1) }}{{ loop.depth }} {% endfor %}",
    "{% for a in l %}{% for b in m %}{{ loop.depth }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in d|dictsort %}{{ k }}{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}",
    "{% for c in u %}{{ c }}.{% endfor %}", "{% for a in [] %}x{% else %}none{% endfor %}", "{% for a in undefinedvar %}x{% else %}none{% endfor %}",
    "{% for a in n %}x{% endfor %}", "{% for a in 5 %}x{% endfor %}", "{% for a, b in [1, 2] %}{{ a }}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for a in l if a > 1 %}{{ loop.index }}{{ a }}{{ loop.last }}{% endfor %}", "{% for a in l if a > 9 %}x{% else %}none{% endfor %}",
    "{% for a in range(9) %}{% if a == 2 %}{% continue %}{% elif a > 4 %}{% break %}{% endif %}{{ a }}{% endfor %}",
    "{% for a in l recursive %}{{ a }}{% endfor %}", "{% break %}", "{% set x = 1 %}{% for a in l %}{% set x = x + a %}{{ x }} {% endfor %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for a in l %}{% set ns.x = ns.x + a %}{% endfor %}{{ ns.x }}", "{% set ns = namespace() %}{{ ns.x }}{{ ns.x is defined }}",
    "{% set ns = {} %}{% set ns.x = 1 %}", "{% set nope.x = 1 %}", "{% if f %}{% set y = 1 %}{% endif %}{{ y is defined }}", "{% if t %}{% set y = 1 %}{% endif %}{{ y }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = [1, 2] %}{{ b }}{{ a }}", "{% set a = 1, 2 %}{{ a }}", "{% set a %}x{{ i }}{% endset %}{{ a }}{{ a|length }}",
    "{% set a | upper | trim %} x{{ s }} {% endset %}[{{ a }}]", "{% filter upper %}a{{ s }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aXa{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}",
    "{% macro m(a, b=2, c=none) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(c=4, a=5) }}|{{ m() }}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(q=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{{ i }}{% endcall %}", "{% macro m() %}[{{ caller(1, 2) }}]{% endmacro %}{% call(a, b) m() %}{{ a }}-{{ b }}{% endcall %}",
    "{% macro even(x) %}{% if x == 0 %}T{% else %}{{ odd(x - 1) }}{% endif %}{% endmacro %}{% macro odd(x) %}{% if x == 0 %}F{% else %}{{ even(x - 1) }}{% endif %}{% endmacro %}{{ even(9) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% set v = 1 %}{% macro m() %}{{ v }}{% endmacro %}{% set v = 2 %}{{ m() }}",
    "{% macro m() %}{{ loop is defined }}{% endmacro %}{% for a in [1] %}{{ m() }}{% endfor %}", "{% macro m() %}{% set g = 1 %}{% endmacro %}{{ m() }}{{ g is defined }}",
    "{% macro m(*a) %}{% endmacro %}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(*[1]) }}{{ m(**{'x': 2}) }}{{ [m][0](3) }}{{ m(4)|upper ~ m('a')|upper }}",
    "{% macro m(xs) %}{% for x in xs %}{{ x }}{% endfor %}{% endmacro %}{{ m(l) | trim }}", "{{ l is defined and l | length > 2 }}", "{% if l | length > 2 and s is string %}y{% endif %}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "{% set j = joiner('; ') %}{% for a in l %}{{ j() }}{{ a }}{% endfor %}",
    "{% generation %}{{ s }}{% set g = 1 %}{% endgeneration %}{{ g is defined }}", "{% raw %}{{ x }} {% y %}{% endraw %}", "{%- raw -%}\n {{ x }} \n{%- endraw -%} z", "{% raw %}\na\n{% endraw %}\nb",
    "a\n{% if t %}\n  b\n  {% endif %}\nc\n", "a\n  {%- if t -%}  \n  b  {%- endif %}  \nc", "  {% if t %}x{% endif %}  \n  {{ s }}  \n  {# c #}  \ny", "  {%+ if t %}x{% endif +%}\n y",
    "x {# a\nb #}\ny", "x {#- a -#} \n y", "{{- s -}} \n z", " \n {{- s }} \n z", "{% if t -%} \n  a\n{%- endif %}\n\n", "{{ s }}\n\n", "\n\n{{ s }}", "{{ '{{' }}{{ '}}' }}{{ '%}' }}", "{{ {'a': {'b': 1}}['a'] }}",
    "a\r\nb\rc\n{% if t %}\r\nd\r\n{% endif %}\r\ne\r\n", "{%set a=1%}{{a}}{%-set b=2-%}{{b}}", "{% if t %}a{% else %}b{% endif %}{% if f %}a{% elif n %}b{% elif t %}c{% else %}d{% endif %}",
    "{% if t %}", "{% endif %}", "{% for %}{% endfor %}", "{{ }}", "{{ 1 2 }}", "{{ s", "{% if t %}{% endfor %}", "{# open", "{% include 'x' %}", "{% extends 'x' %}", "{% block b %}{% endblock %}", "{% unknown %}",
    "{% import 'x' as y %}", "{% autoescape true %}{% endautoescape %}", "{% do l.append(1) %}", "{% print(s, i) %}", "{% set true = 1 %}", "{% if f %}{{ s|nofilter }}{% endif %}ok", "{% if t %}{{ s|nofilter }}{% endif %}",
    "{{ 'x' if t else s|nofilter }}", "{% if f %}{{ s is notest }}{% endif %}ok", "{{ raise_exception('no: ' ~ s) }}", "{% if t %}{{ raise_exception(u) }}{% endif %}", "{{ [1,2,3]|tojson|safe }}{{ {'a':'<'}|tojson }}",
    "{% set a = [1, 2] %}{% set b = a %}{% set a = a + [3] %}{{ b }}{{ a }}", "{% for a in l|sort %}{% set outer = loop %}{% for b in m %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for a in [1, 2] %}{% if loop.first %}{% set q = 5 %}{% endif %}{{ q }}|{% endfor %}", "{% set g = l|map('string') %}{{ g|join }}{{ g|join }}", "{% set g = l|select %}{% if g %}y{% endif %}{{ g|list }}{{ g|list }}",
    "{{ d.items()|list|length }}{% set it = d.items() %}{{ it|length }}{{ it|first }}{{ it|last }}", "{% for a in l %}{% else %}x{% endfor %}{% for a in l %}{% if a == 3 %}{% break %}{% endif %}{% else %}none{% endfor %}end",
    "{{ 'a' ~ 'b' * 2 ~ 'c' }}{{ 'x' + 'y' ~ 'z' }}{{ 1 + 2 ~ 3 }}{{ 10 - 3 - 2 }}{{ 2 * 3 % 4 }}{{ not f == f }}{{ 1 in [1] == true }}", "{{ s | upper | replace('L', 'x') | length + 1 }}", "{{ -1 | abs }}{{ 3 - -1 }}{{ 2--1 }}",
    "{{ (l | length) ~ l[0:2] ~ l[:2] ~ l[-2:] ~ l[1:][0] ~ s[:5][1:].upper()[::-1] }}", "{{ messages[0].role }}", "{{ messages and messages[0] }}", "{% set x %}{% endset %}[{{ x }}]{{ x is string }}{{ not x }}",
    "{% for a in 'ab' %}{% for a in 'cd' %}{{ a }}{% endfor %}{{ a }}{% endfor %}{{ a is defined }}", "{{ loop is defined }}{% for a in l %}{{ loop is defined }}{% endfor %}", "{% macro m(a) %}{% set a = a ~ '!' %}{{ a }}{% endmacro %}{{ m('x') }}{{ m('y') }}",
    "{% set ns = namespace(d={'k': 1}) %}{% set ns.d = dict(ns.d, j=2) %}{{ ns.d }}", "{{ (1, 2) in [(1, 2)] }}{{ [1] == [1.0] }}{{ (1,) == [1] }}{{ {'a': 1} == {'a': true} }}", "{% set a = 5 -%}\n  {{ a }}\n{%- set a = 6 %}\n{{ a }}",
]

SNIPPETS = [f"{{{{ {expression} }}}}" for expression in EXPRESSIONS] + STATEMENTS

# What Jinja does and Heddle does not: refused when the template is read, or an error when it is executed.
LACKING = {f"{{{{ {expression} }}}}" for expression in (
    "'{:>3}'.format(1)", "d.items", "range(3)", "range(0)", "s.encode()", "lipsum()", "s|urlize", "0x10", "9223372036854775807 + 1",
    "99999999999999999999", "2 ** 100", "joiner(', ')", "[1, 2, 3] | batch(2) | list")} | {
    "{% for a in l recursive %}{{ a }}{% endfor %}", "{% block b %}{% endblock %}", "{% autoescape true %}{% endautoescape %}"}
