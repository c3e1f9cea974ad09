package dev.elkmtls.boot;

import java.lang.instrument.Instrumentation;

/**
 * In place of lib/entitlement-agent. The server attaches the one jar of that directory to itself and names the class
 * of elasticsearch-entitlement that does the work.
 */
public final class Agent {
    private Agent() {}

    public static void agentmain(String initializer, Instrumentation instrumentation) throws Exception {
        Class.forName(initializer).getMethod("initialize", Instrumentation.class).invoke(null, instrumentation);
    }
}
