package regex

import "testing"

func TestAnExpressionIsCompiledOnceAndWhenItIsUsed(t *testing.T) {
	form := Of(`^(\w+)=`)
	if got := form().FindStringSubmatch("a=b"); len(got) != 2 || got[1] != "a" {
		t.Errorf("got %q", got)
	}
	if first := form(); first != form() {
		t.Error("it is compiled at each use")
	}
	broken := Of(`(`) // nobody has asked for it yet
	defer func() {
		if recover() == nil {
			t.Error("a text that is no expression says nothing")
		}
	}()
	broken()
}
