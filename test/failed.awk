# What go test prints, without a line for each folder that has no tests, and at the end the names of the tests that failed.
function add(name) {
	# A test is not named beside its own subtests.
	if (n && index(name, names[n] "/") == 1) n--
	names[++n] = name
}
/^\?   \t.*\[no test files\]$/ { next }
{ print; fflush() }
/^ *--- FAIL: / { sub(/^ *--- FAIL: /, ""); sub(/ \([0-9.]+s\)$/, ""); add($0) }
/^\trunning tests:$/ { late = 1; next }
late && /^\t\t/ { sub(/^\t\t/, ""); add($1 ", which ran out of time") ; next }
{ late = 0 }
/^ok  \t/ { n = 0 }
/^FAIL\t/ {
	if (!n) add("no test by name: see above")
	for (i = 1; i <= n; i++) failed = failed "failed: " $2 ": " names[i] "\n"
	n = 0
}
END { if (failed) printf "\n%s", failed }
