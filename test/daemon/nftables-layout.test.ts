import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nftables } from '../../src/daemon/rules/nftables-netlink.js';
import { headerNumbers } from '../support/header-numbers.js';

const headers = [
  'sys/socket.h',
  'linux/netlink.h',
  'linux/netfilter.h',
  'linux/netfilter/nfnetlink.h',
  'linux/netfilter/nf_tables.h',
];

it('agrees with the installed headers', () => {
  const names: Record<keyof typeof nftables, string> = {
    protocol: 'NETLINK_NETFILTER',
    subsystem: 'NFNL_SUBSYS_NFTABLES',
    family: 'NFPROTO_BRIDGE',
    getTables: 'NFT_MSG_GETTABLE',
    getChains: 'NFT_MSG_GETCHAIN',
    getRules: 'NFT_MSG_GETRULE',
    getSets: 'NFT_MSG_GETSET',
    getObjects: 'NFT_MSG_GETOBJ',
    tableName: 'NFTA_TABLE_NAME',
    tableFlags: 'NFTA_TABLE_FLAGS',
    chainName: 'NFTA_CHAIN_NAME',
    chainHook: 'NFTA_CHAIN_HOOK',
    chainPolicy: 'NFTA_CHAIN_POLICY',
    chainType: 'NFTA_CHAIN_TYPE',
    ruleChain: 'NFTA_RULE_CHAIN',
    ruleExpressions: 'NFTA_RULE_EXPRESSIONS',
    setName: 'NFTA_SET_NAME',
    setFlags: 'NFTA_SET_FLAGS',
    setKeyType: 'NFTA_SET_KEY_TYPE',
    setDataType: 'NFTA_SET_DATA_TYPE',
    setTimeout: 'NFTA_SET_TIMEOUT',
    objectName: 'NFTA_OBJ_NAME',
    objectType: 'NFTA_OBJ_TYPE',
    newElements: 'NFT_MSG_NEWSETELEM',
    getElements: 'NFT_MSG_GETSETELEM',
    deleteElements: 'NFT_MSG_DELSETELEM',
    batchBegin: 'NFNL_MSG_BATCH_BEGIN',
    batchEnd: 'NFNL_MSG_BATCH_END',
    getGeneration: 'NFT_MSG_GETGEN',
    generationId: 'NFTA_GEN_ID',
    listTable: 'NFTA_SET_ELEM_LIST_TABLE',
    listSet: 'NFTA_SET_ELEM_LIST_SET',
    listElements: 'NFTA_SET_ELEM_LIST_ELEMENTS',
    listElement: 'NFTA_LIST_ELEM',
    elementKey: 'NFTA_SET_ELEM_KEY',
    elementExpiration: 'NFTA_SET_ELEM_EXPIRATION',
    dataValue: 'NFTA_DATA_VALUE',
  };
  const theirs = headerNumbers(headers, Object.values(names));
  const ours = Object.entries(names).map(([key, name]) => [name, nftables[key as keyof typeof nftables]]);
  assert.deepEqual(Object.fromEntries(ours), theirs);
});
